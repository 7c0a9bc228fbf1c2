using Backup.Agent.Source;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Catalogues;
using Backup.MongoWire.Client;

namespace Backup.Agent.Sync;

/// <summary>Lists what the source holds: every collection and view that is copied, raw. Keep in sync with docs/formats/sync-catalogue.md.</summary>
internal static class CatalogueReader
{
    private static readonly TimeSpan MajorityPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// What a majority has. A list shows what the member has itself, and that may be rolled back: a collection that was created there, or dropped, and whose
    /// entry is never shipped. So the list counts once a majority has the member's newest entry of after it; where another primary was elected before that, it is made once more.
    /// </summary>
    /// <param name="member">The source.</param>
    /// <param name="includes">Which namespaces (<c>db.coll</c>) are listed.</param>
    /// <param name="splitBytes">A collection of twice that size and more is cut into ranges of about that size.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<IReadOnlyList<ListedCollection>> ReadAsync(
        SourceMember member,
        Func<string, bool> includes,
        long splitBytes,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            var listed = await ReadOnceAsync(member, includes, splitBytes, cancellation);
            if (await IsCommittedAsync(member, await member.AppliedAsync(cancellation), time, cancellation))
            {
                return listed;
            }
        }
    }

    /// <summary>Waits until that is known of an entry that the member has. Entries of one term are on one branch: one primary wrote them.</summary>
    private static async Task<bool> IsCommittedAsync(
        SourceMember member,
        Optime applied,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            var committed = await member.MajorityAsync(cancellation);
            if (committed.Term > applied.Term)
            {
                return false;
            }

            if (committed.Term == applied.Term && committed >= applied)
            {
                return true;
            }

            await Task.Delay(MajorityPoll, time, cancellation);
        }
    }

    private static async Task<IReadOnlyList<ListedCollection>> ReadOnceAsync(
        SourceMember member,
        Func<string, bool> includes,
        long splitBytes,
        CancellationToken cancellation
    )
    {
        var all = new List<ListedCollection>();
        foreach (var database in await DatabasesAsync(member, cancellation))
        {
            foreach (var listed in await CollectionsAsync(member, database, includes, cancellation))
            {
                var whole = listed.HasDocuments ? await CompleteAsync(member, database, listed, cancellation) : listed;
                if (whole is not null)
                {
                    var splits = await SplitPoints.FindAsync(member, whole, splitBytes, cancellation);
                    all.Add(whole with { Splits = splits });
                }
            }
        }

        return all;
    }

    private static async Task<IReadOnlyList<string>> DatabasesAsync(SourceMember member, CancellationToken cancellation)
    {
        var command = BsonDocument.Build(w => w.Int32("listDatabases"u8, 1).Boolean("nameOnly"u8, true));
        using var reply = await member.RunAsync("admin", command, cancellation);
        var names = new List<string>();
        foreach (var item in reply.View["databases"u8].AsDocument)
        {
            var name = item.AsDocument["name"u8].AsString;
            if (name != "local")
            {
                names.Add(name);
            }
        }

        return names;
    }

    private static async Task<IReadOnlyList<ListedCollection>> CollectionsAsync(
        SourceMember member,
        string database,
        Func<string, bool> includes,
        CancellationToken cancellation
    )
    {
        var found = new List<ListedCollection>();
        await foreach (
            var document in AllAsync(member, database, SourceMember.Command("listCollections"), cancellation)
        )
        {
            var view = document.View;
            var ns = $"{database}.{view["name"u8].AsString}";
            if (!includes(ns))
            {
                continue;
            }

            var uuid =
                view.TryGet("info"u8, out var info) && info.AsDocument.TryGet("uuid"u8, out var id)
                    ? id.AsUuid
                    : (Guid?)null;
            var type = view.TryGet("type"u8, out var kind) ? kind.AsString : "collection";
            found.Add(
                new ListedCollection(
                    ns,
                    type == "collection" ? uuid : null,
                    type,
                    view.TryGet("options"u8, out var options) ? options.AsDocument.ToDocument() : BsonDocument.Empty,
                    [],
                    NaturalOrder: false,
                    Documents: 0,
                    Bytes: 0
                )
            );
        }

        return found;
    }

    /// <summary>Adds indexes and statistics; null where the collection was dropped meanwhile (its drop is in the oplog).</summary>
    private static async Task<ListedCollection?> CompleteAsync(
        SourceMember member,
        string database,
        ListedCollection listed,
        CancellationToken cancellation
    )
    {
        var indexes = new List<BsonDocument>();
        var byUuid = BsonDocument.Build(w => w.Uuid("listIndexes"u8, listed.Uuid!.Value));
        try
        {
            await foreach (var index in AllAsync(member, database, byUuid, cancellation))
            {
                indexes.Add(index);
            }
        }
        catch (CommandException gone) when (gone.ServerCode == ServerErrors.NamespaceNotFound)
        {
            return null;
        }

        var capped = listed.Options.View.TryGet("capped"u8, out var flag) && flag.ToBoolean();
        var (documents, bytes) = await StatisticsAsync(member, database, listed, cancellation);
        return listed with
        {
            Indexes = indexes,
            NaturalOrder = capped || !indexes.Exists(IsIdIndex),
            Documents = documents,
            Bytes = bytes,
        };
    }

    private static bool IsIdIndex(BsonDocument index)
    {
        var key = index.View["key"u8].AsDocument.GetEnumerator();
        return key.MoveNext() && key.Current.NameIs("_id"u8) && !key.MoveNext();
    }

    private static async Task<(long Documents, long Bytes)> StatisticsAsync(
        SourceMember member,
        string database,
        ListedCollection listed,
        CancellationToken cancellation
    )
    {
        var name = listed.Namespace[(database.Length + 1)..];
        try
        {
            var command = BsonDocument.Build(w => w.String("collStats"u8, name));
            using var reply = await member.RunAsync(database, command, cancellation);
            return (
                reply.View.TryGet("count"u8, out var count) ? count.ToInt64() : 0,
                reply.View.TryGet("size"u8, out var size) ? size.ToInt64() : 0
            );
        }
        catch (CommandException)
        {
            // Only an estimate for progress and batch sizes: a copy does without it.
            return (0, 0);
        }
    }

    private static async IAsyncEnumerable<BsonDocument> AllAsync(
        SourceMember member,
        string database,
        BsonDocument command,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await using var cursor = await member.Client.OpenCursorAsync(
            database,
            command,
            member.Target,
            new CursorOptions(),
            cancellation
        );
        while (await cursor.NextBatchAsync(cancellation) is { } batch)
        {
            using (batch)
            {
                foreach (var document in batch)
                {
                    yield return document.View.ToDocument();
                }
            }
        }
    }
}
