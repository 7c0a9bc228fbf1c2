using System.Net;
using System.Security.Authentication;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backup.WebUI;

/// <summary>
/// One running instance of the public API and the web interface. It keeps nothing that another one would need: any number with the same stores serve
/// the same people.
/// </summary>
public sealed class WebUIHost : IAsyncDisposable
{
    /// <summary>Of a request: nothing that people send is longer.</summary>
    internal const long MostBodyBytes = 1024 * 1024;

    /// <summary>Below it stands the API; it changes only where what it says changes its meaning.</summary>
    internal const string Root = "/api/v1";

    // Every path but those below which nothing is a page: there, what is not there is told so.
    private const string Pages = "/{**page:regex(^(?!(api|assets)(/|$)).*$)}";

    private readonly WebApplication _application;
    private readonly AccessDesk _access;

    private WebUIHost(WebApplication application, AccessDesk access)
    {
        (_application, _access) = (application, access);
        Address = new Uri(application.Urls.First());
    }

    /// <summary>With the port that was taken.</summary>
    public Uri Address { get; }

    internal IReadOnlyList<Endpoint> Endpoints =>
        _application.Services.GetRequiredService<EndpointDataSource>().Endpoints;

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<WebUIHost> StartAsync(
        WebUIOptions options,
        IMetadataStore metadata,
        ApiDesks desks,
        Func<SecretBox> secrets,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation
    )
    {
        if (options.Certificate is null && !IPAddress.IsLoopback(options.Address))
        {
            throw new ArgumentException("Other hosts are served over TLS only.", nameof(options));
        }

        var application = Build(options);
        var access = new AccessDesk(metadata, secrets, options.Access, time);
        try
        {
            Use(application, options, access, loggers.CreateLogger("Backup.WebUI"));
            Map(application, metadata, desks, access, time);
            RequireRules(application);
            await application.StartAsync(cancellation);
            return new WebUIHost(application, access);
        }
        catch
        {
            access.Dispose();
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
        _access.Dispose();
    }

    private static WebApplication Build(WebUIOptions options)
    {
        // Nothing is read from the environment or from files: the options say it all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.AddOpenApi(ApiDescription.Name, ApiDescription.Configure);
        builder.Services.Configure<JsonOptions>(json => ApiJson.Configure(json.SerializerOptions));
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
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

    private static void Use(WebApplication application, WebUIOptions options, AccessDesk access, ILogger log)
    {
        var problems = new Problems(options.Statuses, log);
        var hosts = new HostGate(options.Names.Select(static one => one.ToLowerInvariant()).ToHashSet());
        var gate = new AccessGate(options.Callers ?? access.Callers, access.Metadata.Audit, access.Time);
        var answers = new IdempotencyKeys(access.Metadata.Answers, access.Time);
        _ = application.Use((context, next) => SecurityHeaders.AddAsync(context, next));
        _ = application.Use((context, next) => problems.GuardAsync(context, next));
        _ = application.Use((context, next) => hosts.GuardAsync(context, next));
        _ = application.Use((context, next) => BodyGate.GuardAsync(context, next));
        _ = application.UseRouting();
        _ = application.Use((context, next) => gate.GuardAsync(context, next));
        _ = application.Use((context, next) => answers.GuardAsync(context, next));
    }

    private static void Map(
        WebApplication application,
        IMetadataStore metadata,
        ApiDesks desks,
        AccessDesk access,
        TimeProvider time
    )
    {
        var assets = new Assets();
        application.MapGet("/healthz", () => "ok\n").Open();
        application
            .MapGet(
                "/readyz",
                async (CancellationToken cancellation) =>
                {
                    _ = await metadata.Access.GroupsAsync(cancellation);
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
        // The first page has no path that the pattern could be held against.
        foreach (var pages in new[] { "/", Pages })
        {
            application
                .MapGet(pages, (HttpContext context) => assets.ShellAsync(context))
                .WithOrder(int.MaxValue)
                .Open();
        }
        var api = application.MapGroup(Root);
        foreach (var part in ApiParts.All(metadata, desks, access, time))
        {
            part.Map(api);
        }

        application.MapOpenApi($"{Root}/openapi.json").Open();
    }

    /// <summary>An endpoint that says nothing about who may call it is a mistake that must not be served.</summary>
    private static void RequireRules(WebApplication application)
    {
        IEndpointRouteBuilder routes = application;
        foreach (var endpoint in routes.DataSources.SelectMany(static one => one.Endpoints).OfType<RouteEndpoint>())
        {
            var rules = endpoint.Metadata.OfType<AccessRule>().ToList();
            var isOfGroup = endpoint.RoutePattern.Parameters.Any(static one => one.Name == "group");
            if (rules is not [{ } rule] || (rule.Level == AccessLevel.Group && !isOfGroup))
            {
                throw new InvalidOperationException($"{endpoint.DisplayName} has no rule of access that fits it.");
            }
        }
    }
}
