using Backup.Cli.Api;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Restores;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// A restore into a file, a folder or standard output where the appliance is on another host: over a download link that is good once, which is
/// revoked in the end. What is written is whole, or not there.
/// </summary>
internal static class RestoreFromElsewhere
{
    /// <summary>A download that has begun goes on when this is over.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    internal static async Task<int> RunAsync(
        ApplianceConnection appliance,
        RestoreRequest request,
        CancellationToken cancellation
    )
    {
        var subject = await appliance.Api.FindAsync(request.Subject, SubjectKind.Any, cancellation);
        RequirePossible(request, subject);
        var made = await appliance.Api.CreateLinkAsync(LinkOf(request, subject), cancellation);
        try
        {
            using var progress = new RestoreProgress($"restore {request.Subject}", made.Link.Bytes ?? 0);
            using var download = new LinkDownload(made, appliance.Host!);
            var (bytes, sha256) = await RestoreOutput.WriteAsync(
                request,
                output => download.TakeAsync(output, progress.Report, cancellation),
                cancellation
            );
            Report(
                request,
                subject.Name,
                new DownloadedView(true, bytes, sha256, made.Link.Snapshot, made.Link.Optime)
            );
            return ExitCodes.Ok;
        }
        catch
        {
            // Nobody else is to take it instead. It ends by itself where the appliance cannot be told.
            Task revoking = appliance.Api.RevokeLinkAsync(made.Link.Id, CancellationToken.None);
            await revoking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private static void RequirePossible(RestoreRequest request, FoundSubjectView subject)
    {
        if (request.Renames.Count > 0 || request.Users || request.IsRaw)
        {
            throw CliErrors.NotFromElsewhere("--rename, --users and --raw");
        }

        if (subject.Kind == SubjectView.Cluster && !request.IsMerged)
        {
            throw CliErrors.NotFromElsewhere("A cluster set by set");
        }

        if (subject.Kind != SubjectView.Cluster && request.IsMerged)
        {
            throw CliErrors.ReplicaSetForm(subject.Name, "--merged");
        }
    }

    private static LinkRequest LinkOf(RestoreRequest request, FoundSubjectView subject) =>
        new(
            subject.Id,
            request.Snapshot,
            request.Moment is (ControlRoutes.OptimeParameter, var optime) ? optime : null,
            request.Moment is (ControlRoutes.SecondParameter, var second) ? second : null,
            request.Namespaces,
            RestoreFormats.Name(request.Format),
            request.Gzip,
            Lifetime.TotalSeconds,
            Uses: 1,
            Checksum: false
        );

    private static void Report(RestoreRequest request, string subject, DownloadedView result)
    {
        var to = request.ToStandardOutput ? Console.Error : Console.Out;
        if (request.Json)
        {
            to.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, ControlJson.Options));
            return;
        }

        var what = result.Snapshot is { } snapshot ? $"snapshot {snapshot} of {subject}" : subject;
        to.WriteLine($"Restored {what}: {Printer.Bytes(result.Bytes)}, sha256 {result.Sha256}");
        if (result.Optime is { } at)
        {
            to.WriteLine($"  up to and including optime {at.T},{at.I} ({DateTimeOffset.FromUnixTimeSeconds(at.T):u})");
        }

        RestoreCommand.SayHowToLoad(request, to);
    }
}

/// <summary>A restore that was downloaded.</summary>
/// <param name="Ok">True.</param>
/// <param name="Bytes">Of the output; of a folder, of the tar that it came as.</param>
/// <param name="Sha256">Of the same, checked.</param>
/// <param name="Snapshot">Its id; left out where it is a moment.</param>
/// <param name="Optime">The moment's last entry; left out where it is a snapshot.</param>
internal sealed record DownloadedView(bool Ok, long Bytes, string Sha256, string? Snapshot, OptimeView? Optime);
