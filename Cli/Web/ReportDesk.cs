using System.Text.Json;
using Backup.BackupHttpServer.Certificates;
using Backup.Daemon.Jobs;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>Writes the reports of verifications, and has them signed.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="signer">Asked for when a report is first wanted.</param>
internal sealed class ReportDesk(IMetadataStore metadata, Func<CancellationToken, Task<ReportSigner>> signer)
    : IReportDesk
{
    private const int Format = 1;

    private static readonly JsonSerializerOptions Json = new(JobKinds.Json) { WriteIndented = true };

    public async Task<SignedReportView> ReportAsync(string job, CancellationToken cancellation)
    {
        var found = await metadata.Jobs.FindAsync(job, cancellation) ?? throw CliErrors.NoSuchJob(job);
        if (found is not { Kind: JobKinds.Verify, State: JobState.Succeeded or JobState.Failed })
        {
            throw CliErrors.NoReport(job);
        }

        var id = JsonSerializer.Deserialize<VerifyArguments>(found.Arguments, JobKinds.Json)!.SnapshotId;
        var (taken, optime) = await SnapshotAsync(id, cancellation);
        var report = JsonSerializer.Serialize(
            new
            {
                format = Format,
                kind = "verification of a snapshot",
                subject = await NameAsync(found.ReplicaSetId!, cancellation),
                subjectId = found.ReplicaSetId,
                snapshot = id,
                takenAt = taken,
                optime,
                job = found.Id,
                startedAt = found.StartedAt,
                finishedAt = found.FinishedAt,
                whole = found.State == JobState.Succeeded,
                result = found.Result is { } result
                    ? JsonSerializer.Deserialize<JsonElement>(result)
                    : (JsonElement?)null,
                error = found.ErrorCode is { } code
                    ? new ErrorView(code, found.ErrorMessage ?? "", found.ErrorHint ?? "")
                    : null,
                version = ApplianceDesk.Version,
            },
            Json
        );
        var signed = (await signer(cancellation)).Sign(report);
        return new SignedReportView(signed.Report, signed.Signature, signed.Certificate);
    }

    public async Task<ProofView?> LastProofAsync(string group, CancellationToken cancellation) =>
        await LastProof.FindAsync(metadata.Settings, group, cancellation) is { } last
            ? new ProofView(last.At, await NameAsync(last.Subject, cancellation), last.SnapshotId, last.JobId)
            : null;

    /// <summary>Nulls where it has been removed since.</summary>
    private async Task<(DateTimeOffset? Taken, OptimeView? Optime)> SnapshotAsync(
        string id,
        CancellationToken cancellation
    ) =>
        await metadata.Snapshots.FindAsync(id, cancellation) is { } snapshot
            ? (snapshot.CreatedAt, new OptimeView(snapshot.Optime.T, snapshot.Optime.I))
        : await metadata.Clusters.FindCutAsync(id, cancellation) is { } cut
            ? (cut.CreatedAt, new OptimeView(cut.Time.T, cut.Time.I))
        : (null, null);

    private async Task<string> NameAsync(string subject, CancellationToken cancellation) =>
        (await metadata.Deployments.FindReplicaSetAsync(subject, cancellation))?.Name
        ?? (await metadata.Deployments.FindAsync(subject, cancellation))?.Name
        ?? subject;
}
