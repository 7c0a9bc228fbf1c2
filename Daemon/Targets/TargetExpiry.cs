using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>
/// Keeps the target's TTL monitor, which looks every minute, from documents that are being restored: what a collection's own expiry (of time series and
/// clustered collections) or its TTL indexes would remove is loaded and compared first. Only then the collection gets them, as they were.
/// </summary>
/// <param name="commands">Of the target.</param>
internal sealed class TargetExpiry(TargetCommands commands)
{
    internal const string Option = "expireAfterSeconds";

    // 50 years: what is older than that had expired at the source, too. Before 5.1 an index that was made without an expiry cannot be given one; and none may be longer
    // ago than 1970 by the server's clock (index_key_validate.cpp).
    internal const int Never = 1_600_000_000;

    private readonly HashSet<(string Namespace, string Index)> _resting = [];

    /// <summary>Whether documents of it go by themselves.</summary>
    internal static bool Has(ExportItem item) => item.Options.View.Has("expireAfterSeconds"u8) || item.Indexes.Any(Has);

    internal static bool Has(BsonDocument index) => index.View.Has("expireAfterSeconds"u8);

    /// <summary>Of a collection that is there already, of an earlier run perhaps: what it has of the restore's expiries rests until <see cref="ArmAsync"/>.</summary>
    internal async Task RestAsync(ExportItem item, CancellationToken cancellation)
    {
        if (item.Options.View.Has("expireAfterSeconds"u8))
        {
            await ModifyAsync(
                item,
                $"suspending the expiry of '{item.Namespace}'",
                static w => w.String("expireAfterSeconds"u8, "off"),
                cancellation
            );
        }

        var brought = item.Indexes.Where(IsOfIndex).Select(NameOf).ToHashSet(StringComparer.Ordinal);
        if (brought.Count == 0)
        {
            return;
        }

        await foreach (var index in commands.IndexesAsync(item.Database, item.Name, cancellation))
        {
            if (IsOfIndex(index) && brought.Contains(NameOf(index)))
            {
                await SetAsync(item, NameOf(index), static w => w.Int32("expireAfterSeconds"u8, Never), cancellation);
                _resting.Add((item.Namespace, NameOf(index)));
            }
        }
    }

    /// <summary>The index as it can be made before there are documents; it gets its expiry by <see cref="ArmAsync"/>.</summary>
    internal BsonDocument Resting(ExportItem item, BsonDocument index)
    {
        if (!IsOfIndex(index))
        {
            return index;
        }

        _resting.Add((item.Namespace, NameOf(index)));
        return WithoutExpiry(index);
    }

    /// <summary>The index as it is made behind the documents: one that rests already is the same but for its expiry, or refused by the server.</summary>
    internal BsonDocument AsItRests(ExportItem item, BsonDocument index) =>
        IsOfIndex(index) && _resting.Contains((item.Namespace, NameOf(index))) ? WithoutExpiry(index) : index;

    /// <summary>What was compared may expire from now on.</summary>
    internal async Task ArmAsync(ExportItem item, CancellationToken cancellation)
    {
        foreach (var index in item.Indexes.Where(IsOfIndex))
        {
            if (_resting.Remove((item.Namespace, NameOf(index))))
            {
                await SetAsync(item, NameOf(index), w => w.Element(index.View["expireAfterSeconds"u8]), cancellation);
            }
        }

        await ArmCollectionAsync(item, cancellation);
    }

    /// <summary>The same of the collection's own expiry alone.</summary>
    internal async Task ArmCollectionAsync(ExportItem item, CancellationToken cancellation)
    {
        if (item.Options.View.Has("expireAfterSeconds"u8))
        {
            await ModifyAsync(
                item,
                $"setting the expiry of '{item.Namespace}'",
                w => w.Element(item.Options.View["expireAfterSeconds"u8]),
                cancellation
            );
        }
    }

    private Task SetAsync(ExportItem item, string index, Action<BsonWriter> expiry, CancellationToken cancellation) =>
        ModifyAsync(
            item,
            $"setting the expiry of the index '{index}' of '{item.Namespace}'",
            w =>
            {
                w.BeginDocument("index"u8).String("name"u8, index);
                expiry(w);
                w.EndDocument();
            },
            cancellation
        );

    private Task ModifyAsync(ExportItem item, string what, Action<BsonWriter> change, CancellationToken cancellation) =>
        commands.RunAsync(
            what,
            item.Database,
            w =>
            {
                w.String("collMod"u8, item.Name);
                change(w);
            },
            cancellation
        );

    // The key of a clustered collection is listed with the collection's expiry.
    internal static bool IsOfIndex(BsonDocument index) => Has(index) && !index.View.Has("clustered"u8);

    private static string NameOf(BsonDocument index) => index.View["name"u8].AsString;

    private static BsonDocument WithoutExpiry(BsonDocument index) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in index.View)
            {
                if (field.NameIs("expireAfterSeconds"u8))
                {
                    w.Int32("expireAfterSeconds"u8, Never);
                }
                else
                {
                    w.Element(field);
                }
            }
        });
}
