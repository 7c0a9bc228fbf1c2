using System.Net;
using System.Net.Sockets;
using Backup.Tests.Support;
using Backup.WebUI;
using Backup.WebUI.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>One API, served on a TCP port to whoever comes, and on a Unix socket to the host.</summary>
public sealed class HostScene : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication? _socket;

    public PeopleScene Inner { get; } = new();

    private string SocketPath => Path.Combine(_folder.Path, "control.sock");

    public async Task InitializeAsync()
    {
        await Inner.InitializeAsync();
        _socket = Build(Inner.Api);
        await _socket.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _socket!.DisposeAsync();
        await Inner.DisposeAsync();
        _folder.Dispose();
    }

    private WebApplication Build(PublicApi api)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenUnixSocket(SocketPath, static listen => listen.Protocols = HttpProtocols.Http1);
            // As a server that is set up wrongly.
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        PublicApi.AddTo(builder.Services);
        var application = builder.Build();
        api.UseProblems(application);
        application.UseRouting();
        api.UseGates(application, new HostCallers(Inner.Metadata, async _ => await Inner.GroupAsync()));
        // Nobody said who may call this one.
        application.MapGet($"{PublicApi.Root}/forgotten", static () => "reached");
        api.Map(application);
        return application;
    }

    /// <summary>Whoever reaches the host's server by TCP.</summary>
    internal Visitor Intruder() =>
        new(new Uri(_socket!.Urls.First(static one => one.Contains("127.0.0.1", StringComparison.Ordinal))))
        {
            RequestHeader = null,
        };

    /// <summary>A command of the host: it sends no header of the pages, no cookie and no token.</summary>
    internal Visitor Command()
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new Visitor(new HttpClient(handler) { BaseAddress = new Uri("http://appliance") })
        {
            RequestHeader = null,
        };
    }
}
