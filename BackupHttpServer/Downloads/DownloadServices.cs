using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>What downloads are made with.</summary>
/// <param name="Source">Opens what links lead to.</param>
/// <param name="Sums">Finds out sizes and sums.</param>
/// <param name="Metadata">Links and audit.</param>
/// <param name="Limits">How patient it is.</param>
/// <param name="Time">The clock.</param>
/// <param name="Log">Where it logs; never a secret.</param>
internal sealed record DownloadServices(
    IDownloads Source,
    SumKeeper Sums,
    IMetadataStore Metadata,
    DownloadLimits Limits,
    TimeProvider Time,
    ILogger Log
)
{
    /// <exception cref="BackupException">8061, 8062.</exception>
    internal void RequireAlive(DownloadLink link)
    {
        if (link.RevokedAt is { } revoked)
        {
            throw BackupHttpServerErrors.WasRevoked(revoked);
        }

        if (link.ExpiresAt <= Time.GetUtcNow())
        {
            throw BackupHttpServerErrors.Expired(link.ExpiresAt);
        }
    }

    internal Task RecordAsync(
        HttpContext context,
        DownloadLink link,
        string outcome,
        long? bytes,
        BackupException? failure = null,
        string details = ""
    ) =>
        Metadata.Audit.AddAsync(
            new AuditRecord(
                Time.GetUtcNow(),
                $"link {link.Id}",
                context.Connection.RemoteIpAddress?.ToString() ?? "-",
                "link.download",
                link.Source.Text,
                outcome
            )
            {
                Bytes = bytes,
                Code = failure?.Code,
                Details = failure?.Message ?? details,
            },
            CancellationToken.None
        );
}
