using Backup.Daemon.Restores;
using Backup.Daemon.Ssh;
using Backup.Foundation.Errors;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Pushes;

/// <summary>Pushes opened restores to other hosts over SSH.</summary>
/// <param name="tools">Makes connections.</param>
/// <param name="time">The clock.</param>
public sealed class PushService(SshTools tools, TimeProvider time)
{
    private static readonly TimeSpan Removal = TimeSpan.FromSeconds(60);

    // Two pushes into one folder would each write the other's line out of its SHA256SUMS.
    private readonly SemaphoreSlim _sums = new(1);

    /// <summary>As one archive.</summary>
    /// <param name="restore">What; stays the caller's.</param>
    /// <param name="target">Where to.</param>
    /// <param name="subfolder">Below the target's folder, with <c>/</c>; made where it is missing. Empty for the folder itself.</param>
    /// <param name="name">Of the file; the same name always means the same content.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops; what was sent stays where the options say so.</param>
    /// <exception cref="BackupException">9130 to 9143; those of reading the backup.</exception>
    public async Task<PushResult> PushArchiveAsync(
        OpenRestore restore,
        SshTarget target,
        string subfolder,
        string name,
        PushOptions options,
        IProgress<PushProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var content = restore.Content;
        var teller = new Teller(progress, content.ExpectedBytes);
        await using var far = new FarSide(tools, target, options, time) { Waiting = teller.Wait };
        teller.Tell("connect", "", 0);
        var transfer = new FileTransfer(far, teller.Tell);
        var folder = await FarFolders.PrepareAsync(far, subfolder, cancellation);
        var path = FarPath.Join(folder, name);
        var documents = 0L;
        var file = await OrRemoveAsync(
            far,
            options,
            async () =>
            {
                await RequireRoomAsync(far, folder, path, content.ExpectedBytes, options, cancellation);
                return await transfer.PushAsync(
                    path,
                    async (output, stop) =>
                        documents = (
                            await SnapshotExport.ToStreamAsync(
                                content,
                                ExportFormat.Archive,
                                output,
                                options.Gzip,
                                cancellation: stop
                            )
                        ).Documents,
                    cancellation
                );
            },
            path + FileTransfer.PartSuffix
        );
        await _sums.WaitAsync(cancellation);
        try
        {
            await FarSums.AddAsync(far, transfer, folder, name, file.Sha256, cancellation);
        }
        finally
        {
            _sums.Release();
        }

        return new PushResult(path, FarPath.Join(folder, FarSums.FileName), [file], documents, far.Cuts);
    }

    /// <summary>As the single files of a mongodump directory, in a folder of that name.</summary>
    /// <inheritdoc cref="PushArchiveAsync"/>
    public async Task<PushResult> PushFilesAsync(
        OpenRestore restore,
        SshTarget target,
        string subfolder,
        string name,
        PushOptions options,
        IProgress<PushProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var content = CountedCursor.Count(restore.Content, counts);
        var teller = new Teller(progress, content.ExpectedBytes);
        await using var far = new FarSide(tools, target, options, time) { Waiting = teller.Wait };
        teller.Tell("connect", "", 0);
        var transfer = new FileTransfer(far, teller.Tell);
        var parent = await FarFolders.PrepareAsync(far, subfolder, cancellation);
        var path = FarPath.Join(parent, name);
        var part = path + FileTransfer.PartSuffix;
        await RequireRoomAsync(far, parent, path, content.ExpectedBytes, options, cancellation);
        var folder = await PushedFolder.OpenAsync(far, transfer, path, cancellation);
        await SnapshotExport.ToFilesAsync(content, ExportFormat.Directory, folder, options.Gzip, cancellation);
        await folder.FinishAsync(cancellation);
        return new PushResult(path, folder.Sums, folder.Files, counts.Values.Sum(), far.Cuts);
    }

    /// <summary>Where something of it is there already it is left to show whether there is room.</summary>
    private static Task RequireRoomAsync(
        FarSide far,
        string folder,
        string path,
        long expected,
        PushOptions options,
        CancellationToken cancellation
    ) =>
        !options.ChecksSpace
            ? Task.CompletedTask
            : far.TryAsync(
                "looking at",
                folder,
                async files =>
                {
                    if (
                        await files.StatAsync(path, cancellation) is null
                        && await files.StatAsync(path + FileTransfer.PartSuffix, cancellation) is null
                        && await files.SpaceAsync(folder, cancellation) is { } space
                        && space.Available < expected
                    )
                    {
                        throw DaemonErrors.NoRoom(far.Target.ToString(), space.Available, expected);
                    }
                },
                cancellation
            );

    private static async Task<T> OrRemoveAsync<T>(FarSide far, PushOptions options, Func<Task<T>> work, string part)
    {
        try
        {
            return await work();
        }
        catch when (!options.KeepsPart)
        {
            // Also where it was stopped: with a little time of its own.
            using var patience = new CancellationTokenSource(Removal);
            try
            {
                await far.TryAsync(
                    "removing",
                    part,
                    files => FileTransfer.RemoveAsync(files, part, patience.Token),
                    patience.Token
                );
            }
            catch (Exception failure) when (failure is BackupException or OperationCanceledException)
            {
                // What ended the push says more than that its rest could not be removed.
            }

            throw;
        }
    }

    /// <summary>Adds up what phases tell.</summary>
    private sealed class Teller(IProgress<PushProgress>? progress, long expected)
    {
        private string _file = "";
        private long _bytes;

        internal void Tell(string phase, string file, long bytes)
        {
            (_file, _bytes) = (file, _bytes + bytes);
            progress?.Report(new PushProgress(phase, file, _bytes, Math.Max(expected, _bytes)));
        }

        internal void Wait() => Tell("wait", _file, 0);
    }
}
