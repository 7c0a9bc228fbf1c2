using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Backup.WebUI.Resources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backup.WebUI;

/// <summary>
/// The public API: its routes, and the gates before them. Whoever serves it says where it listens and who its callers are: <see cref="WebUIHost"/> over
/// TCP, where sessions and API tokens call, and the appliance on its own socket, where the host does. Any number of servers may share one.
/// </summary>
public sealed class PublicApi : IDisposable
{
    /// <summary>Below it stands the API; it changes only where what it says changes its meaning.</summary>
    public const string Root = "/api/v1";

    private readonly AccessDesk _access;
    private readonly Problems _problems;
    private readonly IdempotencyKeys _answers;
    private readonly IReadOnlyList<IApiPart> _parts;
    private readonly MetricsRoutes _metrics;

    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="desks">Who does what takes more than the catalogue.</param>
    /// <param name="secrets">Opened at its first use.</param>
    /// <param name="options">What is set.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">For what nobody expected.</param>
    public PublicApi(
        IMetadataStore metadata,
        ApiDesks desks,
        Func<SecretBox> secrets,
        PublicApiOptions options,
        TimeProvider time,
        ILoggerFactory loggers
    )
    {
        Metadata = metadata;
        _access = new AccessDesk(metadata, secrets, options.Access, time);
        _problems = new Problems(options.Statuses, loggers.CreateLogger("Backup.WebUI"));
        _answers = new IdempotencyKeys(metadata.Answers, secrets, time);
        var made = new Overviews(metadata, new GroupThings(metadata), desks, time);
        var overviews = new SharedOverviews(made, metadata, time);
        _metrics = new MetricsRoutes(overviews, metadata, desks, time);
        _parts = ApiParts.All(metadata, desks, _access, overviews, _metrics, time);
    }

    internal IMetadataStore Metadata { get; }

    /// <summary>What the routes need of a server: how JSON looks, and how they are described.</summary>
    public static void AddTo(IServiceCollection services)
    {
        services.AddRouting();
        services.AddOpenApi(ApiDescription.Name, ApiDescription.Configure);
        services.Configure<JsonOptions>(json => ApiJson.Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
    }

    /// <summary>From here on whatever fails is answered with a problem. Before everything else.</summary>
    public void UseProblems(IApplicationBuilder application) =>
        application.Use((context, next) => _problems.GuardAsync(context, next));

    /// <summary>Nothing behind it is reached but by whoever may. Behind the routing.</summary>
    /// <param name="application">The server's.</param>
    /// <param name="callers">Who requests are from; null: whoever has a session or an API token.</param>
    public void UseGates(IApplicationBuilder application, ICallers? callers)
    {
        var gate = new AccessGate(callers ?? _access.Callers, _access.Metadata.Audit, _access.Time);
        _ = application.Use((context, next) => BodyGate.GuardAsync(context, next));
        _ = application.Use((context, next) => gate.GuardAsync(context, next));
        _ = application.Use((context, next) => _answers.GuardAsync(context, next));
    }

    /// <summary>What <c>/metrics</c> says to somebody who may see all groups.</summary>
    public async Task<IReadOnlyList<MetricSample>> MetricsAsync(CancellationToken cancellation) =>
        (await _metrics.AllAsync(cancellation)).Samples;

    public void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(Root);
        foreach (var part in _parts)
        {
            part.Map(api);
        }

        _metrics.Map(routes);
        routes.MapOpenApi($"{Root}/openapi.json").Open();
    }

    /// <summary>An endpoint that says nothing about who may call it is a mistake that must not be served. The gate sees to that too, with each request.</summary>
    internal static void RequireRules(IEndpointRouteBuilder routes)
    {
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

    public void Dispose()
    {
        foreach (var part in _parts.OfType<IDisposable>())
        {
            part.Dispose();
        }

        _access.Dispose();
    }
}

/// <summary>What the API is told, whoever serves it.</summary>
public sealed record PublicApiOptions
{
    /// <summary>How long sessions and invitations last, and how much a stranger may try.</summary>
    public AccessSettings Access { get; init; } = new();

    /// <summary>Of errors of other rooms the status of HTTP that they are answered with, by number; 422 for the others, 503 where they pass.</summary>
    public IReadOnlyDictionary<int, int> Statuses { get; init; } = new Dictionary<int, int>();
}
