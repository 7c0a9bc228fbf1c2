using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Pushes;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>Restores that are pushed to SSH targets.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="replicaSets">Opens replica sets.</param>
/// <param name="clusters">Opens clusters.</param>
/// <param name="ssh">The targets.</param>
/// <param name="pushes">Does it.</param>
/// <param name="time">The clock.</param>
internal sealed class PushOperations(
    IMetadataStore metadata,
    RestoreOperations replicaSets,
    ClusterRestoreOperations clusters,
    SshOperations ssh,
    PushService pushes,
    TimeProvider time
)
{
    /// <param name="request">What and where to.</param>
    /// <param name="moment">Null for a snapshot.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="groupId">Whose target it is.</param>
    /// <param name="cancellation">Stops.</param>
    internal async Task<PushView> PushAsync(
        PushRequest request,
        RestorePoint? moment,
        IProgress<PushProgress> progress,
        string groupId,
        CancellationToken cancellation
    )
    {
        RequireSubfolder(request.Subfolder);
        // What is wrong with the target is said before the oplog is replayed for it.
        var target = await ssh.Of(groupId).OpenTargetAsync(request.Target, cancellation);
        var (name, restore) = await OpenAsync(request, moment, new ReplayPhase(progress), cancellation);
        await using var opened = restore;
        var subject = $"{name} {FileName(name, restore.Optime, request)} to {target}";
        await AuditAsync(subject, AuditOutcomes.Begun, null, null);
        try
        {
            var options = new PushOptions
            {
                // What there is in all says nothing about a part of it, nor about how small it becomes.
                ChecksSpace = request.ChecksSpace && request is { Namespaces.Count: 0, Gzip: false },
                KeepsPart = request.KeepsPart,
                Gzip = request.Gzip,
            };
            var file = FileName(name, restore.Optime, request);
            var result = request.IsFiles
                ? await pushes.PushFilesAsync(restore, target, request.Subfolder, file, options, progress, cancellation)
                : await pushes.PushArchiveAsync(
                    restore,
                    target,
                    request.Subfolder,
                    file,
                    options,
                    progress,
                    cancellation
                );
            var view = View(request, restore, result);
            await AuditAsync(subject, AuditOutcomes.Ok, view.Bytes, null);
            return view;
        }
        catch (Exception failure)
        {
            var known = failure as BackupException;
            await AuditAsync(
                subject,
                known is { IsTransient: true } or null ? AuditOutcomes.Cut : AuditOutcomes.Failed,
                null,
                known?.Code
            );
            throw;
        }
    }

    /// <summary>The same name always means the same content: subject, moment, and what of it.</summary>
    private static string FileName(string name, Optime optime, PushRequest request)
    {
        var at = optime.WallClock.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var part = "";
        if (request.Namespaces.Count > 0)
        {
            var asked = string.Join('\n', request.Namespaces.Order(StringComparer.Ordinal));
            part = $"-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(asked)))[..8]}";
        }

        var stem = $"{Uri.EscapeDataString(name.Replace('/', '-'))}-{at}-{optime.I}{part}";
        return (request.IsFiles, request.Gzip) switch
        {
            (true, false) => stem,
            (true, true) => $"{stem}-gz",
            (false, false) => $"{stem}.archive",
            (false, true) => $"{stem}.archive.gz",
        };
    }

    private static void RequireSubfolder(string subfolder)
    {
        if (subfolder.Split('/').Any(static one => one is "." or "..") || subfolder.Any(char.IsControl))
        {
            throw CliErrors.Argument(
                $"'{subfolder}' is no subfolder of the target's folder.",
                "Write --push NAME/SUBFOLDER, without dots as names."
            );
        }
    }

    private async Task<(string Name, OpenRestore Restore)> OpenAsync(
        PushRequest request,
        RestorePoint? moment,
        IProgress<ReplayProgress> progress,
        CancellationToken cancellation
    )
    {
        List<NamespacePattern>? only =
            request.Namespaces.Count == 0 ? null : [.. request.Namespaces.Select(NamespacePattern.Parse)];
        const RestoreFormat format = RestoreFormat.Archive;
        if (await ClusterNames.FindAsync(metadata, request.Subject, cancellation) is { } cluster)
        {
            var which = moment is null ? request.Snapshot ?? "" : null;
            var merged = clusters.OpenMergedAsync(
                cluster.Id,
                which,
                moment,
                format,
                only,
                id: null,
                cancellation,
                progress
            );
            return (cluster.Name, await merged);
        }

        var set = await ReplicaSetNames.FindAsync(metadata, request.Subject, cancellation);
        if (moment is { } point)
        {
            var replayed = replicaSets.OpenMomentAsync(set.Id, point, format, id: null, only, cancellation, progress);
            return (set.Name, await replayed);
        }

        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var chosen = request.Snapshot is { } id
            ? snapshots.FirstOrDefault(one => one.Id == id) ?? throw CliErrors.NoSuchSnapshot(id)
            : snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(set.Name);
        return (set.Name, await replicaSets.OpenSnapshotAsync(chosen.Id, format, only, cancellation));
    }

    private static PushView View(PushRequest request, OpenRestore restore, PushResult result) =>
        new(
            true,
            request.Target,
            result.Path,
            result.Sums,
            [
                .. result.Files.Select(static file => new PushedFileView(
                    file.Path,
                    file.Bytes,
                    file.Sha256,
                    file.WasThere,
                    file.Resumed,
                    file.HashedThere ? PushedFileView.ByHash : PushedFileView.ByReading,
                    file.IsSynced
                )),
            ],
            result.Files.Sum(static file => file.Bytes),
            result.Documents,
            new OptimeView(restore.Optime.T, restore.Optime.I),
            result.Cuts,
            LeftOutViews.Of(restore.Excluded),
            LeftOutViews.Of(restore.Undecided)
        );

    /// <summary>Also where nobody waits any more.</summary>
    private Task AuditAsync(string subject, string outcome, long? bytes, string? code) =>
        metadata.Audit.AddAsync(
            new AuditRecord(
                time.GetUtcNow(),
                AuditActor.Current.Name,
                AuditActor.Current.From,
                "restore.push",
                subject,
                outcome
            )
            {
                Bytes = bytes,
                Code = code,
                GroupId = AuditActor.Current.GroupId,
            },
            CancellationToken.None
        );

    /// <summary>The replay of the oplog as what a push begins with.</summary>
    private sealed class ReplayPhase(IProgress<PushProgress> progress) : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) =>
            progress.Report(new PushProgress("replay", "", value.Bytes, value.ExpectedBytes));
    }
}
