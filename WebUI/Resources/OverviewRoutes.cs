using System.Globalization;
using System.Text.Json;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Backup.WebUI.Resources;

/// <summary>What the first page shows: once, and as it changes.</summary>
/// <param name="overviews">Makes it.</param>
/// <param name="metadata">Tells that something has changed.</param>
/// <param name="time">The clock.</param>
internal sealed class OverviewRoutes(SharedOverviews overviews, IMetadataStore metadata, TimeProvider time) : IApiPart
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AtMostEvery = TimeSpan.FromSeconds(1);

    /// <summary>What is seconds old changes without a write: the age of the newest second.</summary>
    private static readonly TimeSpan AtLeastEvery = TimeSpan.FromSeconds(5);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/overview", ShowAsync)
            .WithSummary("Am I safe, up to which second, and what needs somebody?")
            .Needs(Permission.See);
        api.MapGet("/groups/{group}/events", StreamAsync)
            .WithSummary("The same as server-sent events, whenever something has changed")
            .Needs(Permission.See);
    }

    private Task<OverviewView> ShowAsync(string group, CancellationToken cancellation) =>
        overviews.OfAsync(group, TimeSpan.Zero, cancellation);

    private async Task StreamAsync(
        string group,
        HttpContext context,
        IHostApplicationLifetime lifetime,
        CancellationToken cancellation
    )
    {
        // A page that is open must not keep the server from stopping.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        var token = either.Token;
        var access = context.Features.GetRequiredFeature<AccessCheck>();
        context.Response.ContentType = "text/event-stream";
        var sent = Array.Empty<byte>();
        var number = 0L;
        var quietSince = time.GetUtcNow();
        try
        {
            while (await access.StillAsync(token))
            {
                var seen = metadata.ChangeCount;
                var view = await overviews.OfAsync(group, AtMostEvery, token);
                var compared = JsonSerializer.SerializeToUtf8Bytes(view with { At = default }, ApiJson.Options);
                if (!compared.AsSpan().SequenceEqual(sent))
                {
                    sent = compared;
                    number++;
                    var json = JsonSerializer.Serialize(view, ApiJson.Options);
                    var id = number.ToString(CultureInfo.InvariantCulture);
                    await context.Response.WriteAsync($"id: {id}\nevent: status\ndata: {json}\n\n", token);
                    quietSince = time.GetUtcNow();
                }
                else if (time.GetUtcNow() - quietSince >= Heartbeat)
                {
                    await context.Response.WriteAsync(": still here\n\n", token);
                    quietSince = time.GetUtcNow();
                }

                await context.Response.Body.FlushAsync(token);
                await Task.Delay(AtMostEvery, time, token);
                await metadata.WaitForChangeAsync(seen, AtLeastEvery - AtMostEvery, token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The server stops: the page asks again, and finds the next one.
        }
    }
}
