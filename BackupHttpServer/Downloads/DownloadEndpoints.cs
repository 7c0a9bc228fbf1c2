using System.Text;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>
/// Download links: who has one gets what it leads to, and nothing else; no key is asked for beside it. The bytes are made while they are sent, the same each
/// time, so that a download that was cut is gone on with by a range.
/// </summary>
internal sealed partial class DownloadEndpoints(
    IMetadataStore metadata,
    DownloadServices services,
    DownloadGate gate,
    CancellationToken stopping
)
{
    /// <summary>One route for all: what is no link is answered like a link that nobody knows.</summary>
    public void Map(WebApplication application) =>
        application.MapMethods(LinkRoute.Pattern, [HttpMethods.Get, HttpMethods.Head], AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        DownloadAnswers.Secure(context.Response);
        DownloadLink? link = null;
        try
        {
            gate.Ask(context.Connection.RemoteIpAddress);
            (link, var isSum) = await FindAsync(context);
            if (isSum)
            {
                await SumAsync(context, link);
            }
            else if (HttpMethods.IsHead(context.Request.Method))
            {
                Head(context, link);
            }
            else
            {
                await new DownloadRun(context, link, services, gate, stopping).RunAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The client is gone, or the server stops: the next one is asked again.
            context.Abort();
        }
        catch (BackupException failure) when (!context.Response.HasStarted)
        {
            await RefusedAsync(context, link, failure);
            await DownloadAnswers.RefuseAsync(context, failure);
        }
    }

    /// <exception cref="BackupException">8060: no such link, another secret, another name: all the same.</exception>
    private async Task<(DownloadLink Link, bool IsSum)> FindAsync(HttpContext context)
    {
        var (id, secret, name) = LinkRoute.Parse(context.Request.RouteValues["rest"] as string) ?? ("", "", "");
        var link = await metadata.Links.FindAsync(id, context.RequestAborted);
        if (!LinkSecret.Opens(link, secret))
        {
            LogUnknown(services.Log, context.Connection.RemoteIpAddress);
            throw BackupHttpServerErrors.NoLink();
        }

        var isSum = name == link!.FileName + LinkRoute.SumSuffix;
        return isSum || name == link.FileName ? (link, isSum) : throw BackupHttpServerErrors.NoLink();
    }

    /// <summary>The sum is for whoever had the download, too, when its uses are gone.</summary>
    private async Task SumAsync(HttpContext context, DownloadLink link)
    {
        services.RequireAlive(link);
        var sha256 = link.Content?.Sha256 ?? throw BackupHttpServerErrors.NoSum(link.Trouble);
        var line = Encoding.UTF8.GetBytes($"{Convert.ToHexStringLower(sha256)}  {link.FileName}\n");
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = line.Length;
        await context.Response.Body.WriteAsync(line, context.RequestAborted);
    }

    private void Head(HttpContext context, DownloadLink link)
    {
        services.RequireAlive(link);
        if (link.Finished >= link.Uses)
        {
            throw BackupHttpServerErrors.UsedUp(link.Uses, isOpen: false);
        }

        DownloadAnswers.Describe(context.Response, link, link.Content);
        context.Response.ContentLength = link.Content?.Bytes;
    }

    private async Task RefusedAsync(HttpContext context, DownloadLink? link, BackupException failure)
    {
        LogRefused(services.Log, failure.Code, link?.Id ?? "-", failure.Message);
        if (link is not null && !failure.IsTransient && gate.IsNoteworthy(link.Id))
        {
            await services.RecordAsync(context, link, AuditOutcomes.Refused, bytes: null, failure);
        }
    }

    [LoggerMessage(8112, LogLevel.Warning, "{Address} asked for a download link that is not known")]
    private static partial void LogUnknown(ILogger log, System.Net.IPAddress? address);

    [LoggerMessage(8113, LogLevel.Warning, "{Code} at the download link {Link}: {Message}")]
    private static partial void LogRefused(ILogger log, string code, string link, string message);
}
