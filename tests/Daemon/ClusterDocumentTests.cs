using Backup.Daemon;
using Backup.Daemon.Clusters;
using Backup.Daemon.Documents;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using static Backup.Tests.Daemon.ClusterScene;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>Single documents of a whole cluster, and what became of them, through a migration.</summary>
public sealed class ClusterDocumentTests
{
    [Fact]
    public async Task A_document_is_told_as_the_cluster_had_it_wherever_it_was()
    {
        await using var scene = await StartAsync();
        // Document 3 is changed on s0, copied to s1, changed while that goes on (which is copied too), handed over at 30, changed and cleaned up.
        await scene["s0"]
            .ShipAsync(
                Set1(At(10), Orders, OrdersId, 3, "first"),
                Set1(At(22), Orders, OrdersId, 3, "second"),
                Noop(At(31)),
                // A write to many documents reaches the copy that was left behind.
                Set1(At(41), Orders, OrdersId, 3, "stray"),
                Migrated(Delete(At(50), Orders, OrdersId, 3)),
                Delete(At(52), Orders, OrdersId, 4),
                Noop(At(90))
            );
        await scene["s1"]
            .ShipAsync(
                Migrated(Insert(At(20), Orders, OrdersId, Document(3, "first"))),
                Migrated(Replace(At(24), Orders, OrdersId, 3, "second")),
                Set1(At(40), Orders, OrdersId, 3, "third"),
                Insert(At(45), Orders, OrdersId, Document(98, "new")),
                Delete(At(60), Orders, OrdersId, 3),
                Noop(At(90))
            );
        await scene["config"].ShipAsync(Change(At(30), "config.chunks", ChunksId, "a", "shard", "s1"), Noop(At(90)));

        (await HistoryAsync(scene, "3")).ShouldBe([
            "5 Was x s0",
            "10 Updated first s0",
            "22 Updated second s0",
            "30 Moved second s1",
            "40 Updated third s1",
            "60 Deleted - s1",
        ]);
        foreach (
            var (second, text, shard) in new (uint, string?, string?)[]
            {
                (9, "x", "s0"),
                (21, "first", "s0"),
                (23, "second", "s0"),
                (29, "second", "s0"),
                (31, "second", "s1"),
                (41, "third", "s1"),
                (55, "third", "s1"),
                (60, null, null),
            }
        )
        {
            var found = await GetAsync(scene, At(second), "3");
            (found.Document?.View["text"u8].AsString, found.Shard).ShouldBe((text, shard), $"at {second}");
        }

        // What lies on a shard that does not own it is not there: 15 is on both.
        (await GetAsync(scene, At(20), "15")).Shard.ShouldBe("s1");
        (await HistoryAsync(scene, "98")).ShouldBe(["5 Was - ", "45 Inserted new s1"]);
        (await HistoryAsync(scene, "98", At(50))).ShouldBe(["50 Was new s1"]);
        (await HistoryAsync(scene, "3", At(11), At(23))).ShouldBe(["11 Was first s0", "22 Updated second s0"]);
        (await GetAsync(scene, At(20), "nobody")).Document.ShouldBeNull();
        (await Should.ThrowAsync<BackupException>(() => GetAsync(scene, At(20), "3", "shop.nothing"))).Number.ShouldBe(
            DaemonErrors.NamespaceUnknown
        );
        Directory.EnumerateFileSystemEntries(Path.Combine(scene.Daemon.SpillFolder, "restores")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_document_that_only_moves_has_moved_and_a_migration_that_is_given_up_is_nothing()
    {
        await using var scene = await StartAsync();
        await scene["s1"]
            .ShipAsync(
                Migrated(Insert(At(20), Orders, OrdersId, Document(3, "x"))),
                Migrated(Insert(At(20, 2), Orders, OrdersId, Document(5, "x"))),
                // Given up, and begun once more.
                Migrated(Delete(At(21), Orders, OrdersId, 3)),
                Migrated(Insert(At(25), Orders, OrdersId, Document(3, "x"))),
                Noop(At(90))
            );
        await scene["config"].ShipAsync(Change(At(30), "config.chunks", ChunksId, "a", "shard", "s1"), Noop(At(90)));
        await scene["s0"]
            .ShipAsync(
                Set1(At(22), Orders, OrdersId, 5, "late"),
                Noop(At(31)),
                Migrated(Delete(At(50), Orders, OrdersId, 3)),
                Noop(At(90))
            );
        (await HistoryAsync(scene, "3")).ShouldBe(["5 Was x s0", "30 Moved x s1"]);
        (await HistoryAsync(scene, "3", At(35))).ShouldBe(["35 Was x s1"]);
    }

    private static async Task<FoundDocument> GetAsync(ClusterScene scene, Optime at, string id, string ns = Orders) =>
        await new ClusterDocuments(scene.Services()).GetAsync(
            scene.Cluster,
            new ClusterPoint(null, RestorePoint.UpTo(at)),
            ns,
            DocumentIds.Parse(id)
        );

    private static async Task<List<string>> HistoryAsync(
        ClusterScene scene,
        string id,
        Optime? since = null,
        Optime? until = null
    )
    {
        var told = new List<string>();
        var history = new ClusterHistory(scene.Services(), scene.Cluster, Orders, DocumentIds.Parse(id));
        await foreach (
            var version in history.ReadAsync(
                since is { } first ? RestorePoint.UpTo(first) : null,
                until is { } last ? RestorePoint.UpTo(last) : null
            )
        )
        {
            var text = version.Document is { } document ? document.View["text"u8].AsString : "-";
            told.Add($"{version.At.T - At(0).T} {version.Change} {text} {version.Shard}");
        }

        return told;
    }

    /// <summary>The same entry, made by a migration.</summary>
    private static BsonDocument Migrated(BsonDocument entry) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in entry.View)
            {
                w.Element(field);
            }

            w.Boolean("fromMigrate"u8, true);
        });
}
