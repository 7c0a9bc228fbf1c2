using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.Daemon.Heads;

/// <summary>
/// Brings a head under the filter that its deployment has now, and asks for the copies that this takes. What the new filter leaves out goes at the entry
/// where the head stands; what it adds comes with a partial sync of what is new; between the two the head is under both. Collections that can no
/// longer be followed, but could be copied, are asked for as well. Used by the head's keeper alone, in its loop.
/// </summary>
/// <param name="services">Stores, clock.</param>
/// <param name="snapshots">Of the head.</param>
/// <param name="whole">The sync that the head grew from.</param>
internal sealed class FilterKeeper(HeadServices services, SnapshotTaker snapshots, SyncRecord whole)
{
    /// <summary>After a copy that was asked for here failed.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMinutes(5);

    /// <param name="head">Consistent, or nothing is done.</param>
    /// <param name="deploymentId">Whose filter it is.</param>
    /// <param name="isComplete">Whether a snapshot may be taken where the head stands.</param>
    /// <param name="cancellation">Nothing was changed then, or all of it.</param>
    /// <exception cref="Foundation.Errors.BackupException">The head was changed and could not be stored: it has to be opened again.</exception>
    internal async Task StepAsync(
        HeadFollower head,
        string deploymentId,
        Func<bool> isComplete,
        CancellationToken cancellation
    )
    {
        if (!head.IsConsistent || !head.KnowsTransactions)
        {
            return;
        }

        var deployment = await services.Metadata.Deployments.FindAsync(deploymentId, cancellation);
        var wanted = deployment?.Namespaces ?? NamespaceFilter.Everything;
        if (!NamespaceFilters.Wanted(head.Filters).Equals(wanted))
        {
            await GiveUpAsync(wanted, cancellation);
            if (isComplete())
            {
                await ChangeAsync(head, wanted, cancellation);
            }

            return;
        }

        if (NeedOf(head, wanted) is { } order)
        {
            await OrderAsync(order, cancellation);
        }
    }

    /// <summary>What has to be copied for the head to hold what it is to hold; null: nothing.</summary>
    private static CopyOrder? NeedOf(HeadFollower head, NamespaceFilter wanted)
    {
        var filter = wanted.IsEverything ? null : wanted;
        if (head.Filters.Count > 1)
        {
            return new CopyOrder([], filter, head.Filters);
        }

        var lost = head.NamespacesToCopy();
        return lost.Count > 0 ? new CopyOrder(lost, filter) : null;
    }

    private async Task ChangeAsync(HeadFollower head, NamespaceFilter wanted, CancellationToken cancellation)
    {
        var before = head.Filters;
        // Nothing is new where the head holds all that the new filter includes.
        IReadOnlyList<NamespaceFilter> now = before.All(one => one.Covers(wanted))
            ? NamespaceFilters.Of(wanted)
            : [.. before, wanted];
        var left = head.Narrow(now);
        await snapshots.TakeAtSeamAsync(
            head,
            "change of namespaces",
            at =>
                [.. left.Order(StringComparer.Ordinal).Select(ns => Left(at, ns, wanted)), Changed(at, before, wanted)],
            partialSyncId: null,
            cancellation
        );
        HeadLog.FilterChanged(services.Logger, whole.ReplicaSetId, wanted.ToString(), left.Count);
    }

    private static TimelineEvent Left(SnapshotRecord at, string ns, NamespaceFilter wanted) =>
        new(
            at.ReplicaSetId,
            at.SyncId,
            at.Optime,
            TimelineEventKind.Left,
            ns,
            $"It is no longer backed up: the filter is now {wanted}. Moments before this one still hold it.",
            at.CreatedAt
        );

    private static TimelineEvent Changed(
        SnapshotRecord at,
        IReadOnlyList<NamespaceFilter> before,
        NamespaceFilter wanted
    ) =>
        new(
            at.ReplicaSetId,
            at.SyncId,
            at.Optime,
            TimelineEventKind.Filter,
            Namespace: null,
            $"The filter was {NamespaceFilters.Wanted(before)}, it is now {wanted}; what that adds is copied first.",
            at.CreatedAt
        );

    /// <summary>Copies for another filter are not wanted any more.</summary>
    private async Task GiveUpAsync(NamespaceFilter wanted, CancellationToken cancellation)
    {
        foreach (var one in await services.Metadata.PartialSyncs.ListAsync(whole.Id, cancellation))
        {
            if (
                one is { IsOpen: true, Order.IsWidening: true }
                && !Equals(one.Order.Wanted ?? NamespaceFilter.Everything, wanted)
            )
            {
                await services.Metadata.PartialSyncs.AbandonAsync(one.Id, failure: null, cancellation);
            }
        }
    }

    private async Task OrderAsync(CopyOrder order, CancellationToken cancellation)
    {
        var now = services.Time.GetUtcNow();
        var partials = await services.Metadata.PartialSyncs.ListAsync(whole.Id, cancellation);
        if (
            partials.Any(one => one.IsOpen)
            || (partials is [.., { Failure: not null } last] && now - last.StartedAt < PauseAfterFailure)
        )
        {
            return;
        }

        var partial = new SyncRecord(
            Guid.CreateVersion7(now).ToString("N"),
            whole.ReplicaSetId,
            SyncState.Wanted,
            Optime.Zero,
            End: null,
            now,
            whole.Id,
            order
        );
        await services.Metadata.PartialSyncs.AddAsync(partial, cancellation);
        HeadLog.CopyWanted(services.Logger, whole.ReplicaSetId, partial.Id, order.ToString());
    }
}
