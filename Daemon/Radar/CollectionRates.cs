using Backup.Foundation;
using Backup.Metadata.Alerting;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Daemon.Radar;

/// <summary>What is counted and learnt of one collection.</summary>
/// <param name="ns">Its name; or <c>db.*</c>, for the drops of a whole database.</param>
/// <param name="made">The second in which it was made; 0: long ago.</param>
internal sealed class CollectionRates(string ns, uint made)
{
    /// <summary>Bytes of <see cref="Write"/>.</summary>
    internal const int Length = 1 + (3 * KindRates.Length);

    private const byte Version = 1;

    /// <summary>Seconds within which drops are one.</summary>
    private const uint DropsTogether = 60;

    /// <summary>Of what was just made, what is deleted or changed is what was just filled in.</summary>
    private const uint NewSeconds = 7200;

    private readonly KindRates[] _kinds = [new(), new(), new()];
    private readonly Burst _updates = new();
    private readonly Burst _losses = new();
    private Optime _lastDrop;
    private readonly uint _made = made;

    internal string Namespace { get; } = ns;

    /// <summary>The record that the two flags below were read off; null: none.</summary>
    internal CatalogueCollection? Definition { get; private set; }

    /// <summary>The server itself deletes from it: what the collection is capped to is no loss.</summary>
    internal bool IsCapped { get; private set; }

    /// <summary>Has counts that no <see cref="CloseSecond"/> has added.</summary>
    internal bool IsTouched { get; set; }

    /// <summary>Something goes beyond what is usual, and was not taken.</summary>
    internal bool IsNoticed => _updates.IsNoticed || _losses.IsNoticed;

    /// <summary>Has learnt something since it was last stored.</summary>
    internal bool IsChanged { get; set; }

    /// <summary>The last hour in which it was seen.</summary>
    internal uint LastHour => _kinds.Max(static one => one.LastHour);

    /// <summary>Whether anything but inserts is known of it.</summary>
    internal bool HasLosses => _kinds.Skip(1).Any(static one => one.UsualHour > 0);

    /// <summary>Of <c>db.*</c>: the collections that went in the burst that is on.</summary>
    internal HashSet<string> Dropped { get; } = new(StringComparer.Ordinal);

    /// <summary>Documents of a collection with an index that ends their time go as fast as they came.</summary>
    private bool HasTtl { get; set; }

    internal void Describe(CatalogueCollection definition)
    {
        Definition = definition;
        IsCapped = definition.IsCapped;
        HasTtl =
            definition.Options.View.Has("expireAfterSeconds"u8)
            || definition.Indexes.Any(static one => one.View.Has("expireAfterSeconds"u8));
    }

    internal void Add(WatchedOperation operation, long documents, Optime at) =>
        _kinds[(int)operation].Add(documents, at);

    internal void AddDrop(long documents, Optime at)
    {
        if (at.T > _lastDrop.T + DropsTogether)
        {
            Dropped.Clear();
        }

        _lastDrop = at;
        Add(WatchedOperation.Delete, documents, at);
    }

    /// <param name="second">Not before the last one.</param>
    /// <param name="age">How much is learnt of the source as a whole.</param>
    internal void CloseSecond(uint second, RadarAge age)
    {
        foreach (
            var operation in (ReadOnlySpan<WatchedOperation>)
                [WatchedOperation.Insert, WatchedOperation.Update, WatchedOperation.Delete]
        )
        {
            var kind = _kinds[(int)operation];
            if (!kind.IsTouched)
            {
                continue;
            }

            var count = kind.CloseSecond(second);
            var isDropped = operation == WatchedOperation.Delete && _lastDrop.T == second;
            if (operation != WatchedOperation.Insert && (age != RadarAge.New || isDropped))
            {
                var burst = operation == WatchedOperation.Update ? _updates : _losses;
                // A drop is no matter of rates: what a collection had is gone, from the first second on.
                burst.See(
                    kind,
                    count,
                    second,
                    isDropped ? 0 : Came(operation, second),
                    isDropped ? RadarAge.Grown : age
                );
            }
        }

        IsTouched = false;
        IsChanged = true;
    }

    /// <summary>What went beyond what is usual by that factor since the last time; null: nothing.</summary>
    /// <param name="deploymentId">Of whom.</param>
    /// <param name="least">The factor, past which it counts.</param>
    internal BurstSighting? TakeSighting(string deploymentId, double least)
    {
        var updates = _updates.Take(least);
        var losses = _losses.Take(least);
        if (updates is null && losses is null)
        {
            return null;
        }

        var worst = updates is null || (losses is not null && losses.Factor >= updates.Factor) ? losses! : updates;
        var kinds =
            (updates is null ? BurstKinds.None : BurstKinds.Updates)
            | (
                losses is null ? BurstKinds.None
                : _lastDrop >= losses.First ? BurstKinds.Drops
                : BurstKinds.Deletes
            );
        var first =
            updates is not null && losses is not null && updates.First < losses.First ? updates.First
            : losses is not null ? losses.First
            : updates!.First;
        return new BurstSighting(
            deploymentId,
            Namespace,
            kinds,
            first,
            worst.LastAt,
            (updates?.Documents ?? 0) + (losses?.Documents ?? 0),
            worst.Most,
            worst.Usual,
            worst.Span
        );
    }

    /// <summary>What may go since it came: as fast as it does, where an index ends its time; of a collection that is new, all.</summary>
    private long Came(WatchedOperation operation, uint second) =>
        Math.Max(
            operation == WatchedOperation.Delete && HasTtl ? _kinds[0].UsualHour : 0,
            second - _made < NewSeconds ? _kinds[0].InTwoHours : 0
        );

    internal byte[] Write()
    {
        var content = new byte[Length];
        content[0] = Version;
        for (var kind = 0; kind < _kinds.Length; kind++)
        {
            _kinds[kind].Write(content.AsSpan(1 + (kind * KindRates.Length)), _kinds[kind].LastHour);
        }

        return content;
    }

    /// <summary>Null where it is not what <see cref="Write"/> wrote: it is learnt again.</summary>
    internal static CollectionRates? TryRead(LearntRates learnt)
    {
        if (learnt.Content.Length != Length || learnt.Content[0] != Version)
        {
            return null;
        }

        var rates = new CollectionRates(learnt.Namespace, made: 0);
        for (var kind = 0; kind < rates._kinds.Length; kind++)
        {
            rates._kinds[kind].Read(learnt.Content.AsSpan(1 + (kind * KindRates.Length)));
        }

        return rates;
    }
}
