using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>How far copies are, with their rate and what is left.</summary>
internal sealed class SyncViews(IMetadataStore metadata, TimeProvider time)
{
    internal async Task<SyncView?> OfAsync(string? syncId, CancellationToken cancellation) =>
        syncId is not null && await metadata.Syncs.FindAsync(syncId, cancellation) is { } sync
            ? await OfAsync(sync, cancellation)
            : null;

    /// <summary>Those that are open, and the newest one where it failed.</summary>
    internal async Task<IReadOnlyList<CopyView>> CopiesAsync(
        IReadOnlyList<SyncRecord> partials,
        CancellationToken cancellation
    )
    {
        var views = new List<CopyView>();
        foreach (var (index, one) in partials.Index())
        {
            if (one.IsOpen || (index == partials.Count - 1 && one.Failure is not null))
            {
                views.Add(
                    new CopyView(
                        one.Id,
                        StateOf(one),
                        one.Order!.Namespaces,
                        one.StartedAt,
                        one.State is SyncState.Copying or SyncState.Copied ? await OfAsync(one, cancellation) : null,
                        one.Failure
                    )
                );
            }
        }

        return views;
    }

    private async Task<SyncView> OfAsync(SyncRecord sync, CancellationToken cancellation)
    {
        var progress = await metadata.Syncs.ProgressAsync(sync.Id, cancellation);
        var elapsed = (time.GetUtcNow() - sync.StartedAt).TotalSeconds;
        var rate = elapsed > 0 ? progress.RawBytes / elapsed : 0;
        return new SyncView(
            progress.Collections,
            progress.CollectionsDone,
            progress.Documents,
            progress.ExpectedDocuments,
            progress.RawBytes,
            progress.ExpectedBytes
        )
        {
            BytesPerSecond = Math.Round(rate),
            SecondsLeft = rate > 0 ? Math.Round((progress.ExpectedBytes - progress.RawBytes) / rate) : null,
        };
    }

    private static string StateOf(SyncRecord sync) =>
        sync.State switch
        {
            SyncState.Wanted => "wanted",
            SyncState.Copying => "copying",
            SyncState.Copied => "catching-up",
            _ => "failed",
        };
}
