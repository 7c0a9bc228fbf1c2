using System.Globalization;
using Backup.WebUI.Access;
using Backup.WebUI.Frame;
using Backup.WebUI.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>What is handed to somebody who is asked for help.</summary>
/// <param name="bundle">What it is made of.</param>
/// <param name="time">The clock.</param>
internal sealed class SupportRoutes(SupportBundle bundle, TimeProvider time) : IApiPart, IDisposable
{
    /// <summary>Each holds its archive in memory while it is made and sent.</summary>
    private readonly SemaphoreSlim _one = new(1);

    public void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/appliance/support-bundle", MakeAsync)
            .WithSummary(
                "A ZIP archive for whoever helps: versions, configuration, state, tasks, alerts, metrics, the end of the log; no secrets"
            )
            .Produces<byte[]>(StatusCodes.Status200OK, SupportBundle.MediaType)
            .WithMetadata(new StreamedAnswer())
            .Administrators("appliance.support-bundle", confirmed: true);

    public void Dispose() => _one.Dispose();

    private async Task<FileStreamHttpResult> MakeAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var archive = await bundle.MakeAsync(cancellation);
            var at = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
            return TypedResults.Stream(archive, SupportBundle.MediaType, $"backup-support-{at}.zip");
        }
        finally
        {
            _one.Release();
        }
    }
}
