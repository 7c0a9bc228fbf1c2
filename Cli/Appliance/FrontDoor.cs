using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// The public port: <c>/healthz</c> (the process serves), <c>/readyz</c> (its stores answer). It tells nothing about what is protected: there
/// are no users to tell it to yet. Loopback only.
/// </summary>
internal sealed class FrontDoor : IAsyncDisposable
{
    private readonly WebApplication _application;

    private FrontDoor(WebApplication application)
    {
        _application = application;
        Address = new Uri(application.Urls.First());
    }

    /// <summary>With the port that was taken.</summary>
    internal Uri Address { get; }

    internal static async Task<FrontDoor> StartAsync(
        int port,
        ApplianceOperations operations,
        CancellationToken cancellation
    )
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "backup" });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(System.Net.IPAddress.Loopback, port);
        });
        var application = builder.Build();
        application.MapGet("/healthz", () => "ok\n");
        application.MapGet(
            "/readyz",
            async (CancellationToken token) =>
            {
                await operations.StatusAsync(token);
                return "ready\n";
            }
        );
        application.MapGet("/", () => "The appliance runs. Its state: backup status\n");
        await application.StartAsync(cancellation);
        return new FrontDoor(application);
    }

    public async ValueTask DisposeAsync()
    {
        using var impatience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _application.StopAsync(impatience.Token);
        await _application.DisposeAsync();
    }
}
