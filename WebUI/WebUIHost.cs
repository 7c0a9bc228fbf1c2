using System.Net;
using System.Security.Authentication;
using Backup.WebUI.Access;
using Backup.WebUI.Errors;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Backup.WebUI;

/// <summary>
/// One running instance of the public API and the web interface. It keeps nothing that another one would need: any number with the same stores serve
/// the same people.
/// </summary>
public sealed class WebUIHost : IAsyncDisposable
{
    /// <summary>Of a request: nothing that people send is longer.</summary>
    internal const long MostBodyBytes = 1024 * 1024;

    internal const string Root = PublicApi.Root;

    // Every path but those below which nothing is a page: there, what is not there is told so.
    private const string Pages = "/{**page:regex(^(?!(api|assets)(/|$)).*$)}";

    private readonly WebApplication _application;

    private WebUIHost(WebApplication application)
    {
        _application = application;
        Address = new Uri(application.Urls.First());
    }

    /// <summary>With the port that was taken.</summary>
    public Uri Address { get; }

    internal IReadOnlyList<Endpoint> Endpoints =>
        _application.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <param name="options">Where it listens, and to whom.</param>
    /// <param name="api">What it serves beside the pages; it stays the caller's.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<WebUIHost> StartAsync(WebUIOptions options, PublicApi api, CancellationToken cancellation)
    {
        if (options.Certificate is null && !IPAddress.IsLoopback(options.Address))
        {
            throw new ArgumentException("Other hosts are served over TLS only.", nameof(options));
        }

        var application = Build(options);
        try
        {
            Use(application, options, api);
            Map(application, api);
            await application.StartAsync(cancellation);
            return new WebUIHost(application);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Streams of events last as long as a page is open.
        using var impatience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _application.StopAsync(impatience.Token);
        await _application.DisposeAsync();
    }

    private static WebApplication Build(WebUIOptions options)
    {
        // Nothing is read from the environment or from files: the options say it all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        PublicApi.AddTo(builder.Services);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Limit(kestrel.Limits);
            kestrel.AddServerHeader = false;
            kestrel.Listen(
                options.Address,
                options.Port,
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    if (options.Certificate is { } certificate)
                    {
                        listen.UseHttps(https =>
                        {
                            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                            https.ServerCertificateSelector = (_, _) => certificate();
                            https.HandshakeTimeout = TimeSpan.FromSeconds(10);
                        });
                    }
                }
            );
        });
        return builder.Build();
    }

    private static void Limit(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = MostBodyBytes;
        limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestHeaderCount = 50;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxConcurrentConnections = 2000;
        limits.Http2.MaxStreamsPerConnection = 100;
    }

    private static void Use(WebApplication application, WebUIOptions options, PublicApi api)
    {
        var hosts = new HostGate(options.Names.Select(static one => one.ToLowerInvariant()).ToHashSet());
        _ = application.Use((context, next) => SecurityHeaders.AddAsync(context, next));
        api.UseProblems(application);
        _ = application.Use((context, next) => hosts.GuardAsync(context, next));
        _ = application.UseRouting();
        api.UseGates(application, options.Callers);
    }

    private static void Map(WebApplication application, PublicApi api)
    {
        var assets = new Assets();
        application.MapGet("/healthz", () => "ok\n").Open();
        application
            .MapGet(
                "/readyz",
                async (CancellationToken cancellation) =>
                {
                    _ = await api.Metadata.Access.GroupsAsync(cancellation);
                    return "ready\n";
                }
            )
            .Open();
        application
            .MapMethods(
                $"/assets/{assets.Hash}/{{**path}}",
                [HttpMethods.Get, HttpMethods.Head],
                (HttpContext context, string path) => assets.FileAsync(context, path)
            )
            .Open();
        var errors = new ErrorPage(assets);
        application.MapGet(ErrorPage.Path, (HttpContext context) => errors.WriteAsync(context)).Open();
        var articles = new ErrorArticlePage(assets);
        application
            .MapGet(ErrorArticlePage.Path, (HttpContext context, string number) => articles.WriteAsync(context, number))
            .Open();
        // The first page has no path that the pattern could be held against.
        foreach (var pages in new[] { "/", Pages })
        {
            application
                .MapGet(pages, (HttpContext context) => assets.ShellAsync(context))
                .WithOrder(int.MaxValue)
                .Open();
        }

        api.Map(application);
        PublicApi.RequireRules(application);
    }
}
