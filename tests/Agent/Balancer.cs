using System.Net;
using System.Net.Security;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Backup.Tests.Agent;

/// <summary>One address in front of several instances of the server: each request goes to the next one, whatever connection it came on.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly HashSet<string> Own = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host",
        "Connection",
        "Transfer-Encoding",
        "Expect",
        "Keep-Alive",
    };

    private readonly WebApplication _application;
    private readonly CertificateAuthority _authority;
    private readonly IReadOnlyList<BackupHttpServerHost> _instances;
    private readonly int[] _asked;
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            },
        }
    );
    private int _next;

    private Balancer(
        WebApplication application,
        CertificateAuthority authority,
        IReadOnlyList<BackupHttpServerHost> instances
    )
    {
        (_application, _authority, _instances) = (application, authority, instances);
        _asked = new int[instances.Count];
    }

    public System.Uri Address => new($"https://localhost:{new System.Uri(_application.Urls.First()).Port}");

    /// <summary>Requests that each instance got.</summary>
    public IReadOnlyList<int> Asked => _asked;

    public static async Task<Balancer> StartAsync(string certificates, params BackupHttpServerHost[] instances)
    {
        var authority = await CertificateAuthority.EnsureAsync(certificates);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder
            .WebHost.UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(authority.ServerCertificate()))
            );
        var application = builder.Build();
        var made = new Balancer(application, authority, instances);
        application.Run(made.ForwardAsync);
        await application.StartAsync();
        return made;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _http.Dispose();
        _authority.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var instance = (int)((uint)Interlocked.Increment(ref _next) % _instances.Count);
        Interlocked.Increment(ref _asked[instance]);
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var port = _instances[instance].EndPoint.Port;
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            $"https://localhost:{port}{context.Request.Path}{context.Request.QueryString}"
        );
        if (context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var (name, values) in context.Request.Headers.Where(header => !Own.Contains(header.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        using var answer = await _http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            context.RequestAborted
        );
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (
            var (name, values) in answer
                .Headers.Concat(answer.Content.Headers)
                .Where(header => !Own.Contains(header.Key))
        )
        {
            context.Response.Headers[name] = values.ToArray();
        }

        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
