using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Restores;

/// <summary>Opens snapshots of replica sets, and moments between them, to be written out.</summary>
public sealed class RestoreService(RestoreServices services)
{
    private readonly SourceOpener _opener = new(services);

    /// <summary>
    /// Opens the snapshot: what is wrong with it in itself is said here, before a byte is written. One that was taken while transactions were
    /// prepared and undecided is completed from the oplog with those that turned out to be committed by then.
    /// </summary>
    /// <exception cref="BackupException">9005 where it is gone, 4003, 5001, 5002 where its manifest cannot be read.</exception>
    public async Task<OpenRestore> OpenAsync(
        SnapshotRecord snapshot,
        RestoreFormat format,
        CancellationToken cancellation = default,
        IReadOnlyList<NamespacePattern>? only = null,
        bool users = false
    ) => await OpenRestore.OfAsync(await _opener.OpenAsync(snapshot, cancellation), format, only, cancellation, users);

    /// <summary>
    /// Replays the oplog over the nearest base before that moment, in bounded memory: what is wrong with the moment in itself is said here, before a
    /// byte is written.
    /// </summary>
    /// <param name="set">The replica set.</param>
    /// <param name="point">The moment.</param>
    /// <param name="format">How it will be written.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Everything temporary is removed.</param>
    /// <param name="only">The namespaces that are restored; null: all.</param>
    /// <param name="users">With users and roles.</param>
    /// <exception cref="BackupException">
    /// 9010 in a gap, 9011 before the oldest moment, 9012 not stored yet, 9013 a transaction is not decided yet, 9014 nothing at all; others where
    /// what is stored cannot be read.
    /// </exception>
    public async Task<OpenRestore> OpenAsync(
        ReplicaSetRecord set,
        RestorePoint point,
        RestoreFormat format,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellation = default,
        IReadOnlyList<NamespacePattern>? only = null,
        bool users = false
    ) =>
        await OpenRestore.OfAsync(
            await _opener.OpenAsync(set, point, progress, cancellation),
            format,
            only,
            cancellation,
            users
        );
}
