using Backup.Blockstore.Packs;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// A data folder with one snapshot of a cluster that nobody writes to: what every member holds, orphans and all, read from the members themselves and put
/// where heads would have put it.
/// </summary>
internal static class ClusterCopy
{
    internal const string Cluster = "clus";
    internal const string CutId = "cut1";

    internal static async Task MakeAsync(string data, ShardedClusterUnderTest cluster)
    {
        Directory.CreateDirectory(data);
        await using var metadata = await SqliteMetadataStore.OpenAsync(Path.Combine(data, "metadata.db"));
        await using var blocks = await PackBlockStore.OpenAsync(Path.Combine(data, "blocks"));
        var now = TimeProvider.System.GetUtcNow();
        var group = await metadata.Access.EnsureGroupAsync("default");
        await metadata.Deployments.EnsureAsync(
            new Deployment("d-clus", group.Id, Cluster, DeploymentTypes.ShardedCluster, "mongodb://routers/", now)
        );
        var members = cluster
            .Shards.Prepend(ShardedClusterUnderTest.ConfigServers)
            .Select(name =>
            {
                var shard = name == ShardedClusterUnderTest.ConfigServers ? ClusterMembership.ConfigServers : name;
                var uri = $"mongodb://{name}/";
                return new Deployment($"d-{name}", group.Id, $"{Cluster}-{shard}", "replicaSet", uri, now)
                {
                    Cluster = new ClusterMembership("d-clus", shard),
                };
            })
            .ToList();
        await metadata.Clusters.FoundAsync(
            new ClusterRecord("d-clus", new string('5', 24), "4.2.4", ["routers:1"], BalancerState.On, now),
            members
        );
        var taken = new List<(ReplicaSetRecord Set, SnapshotRecord Snapshot)>();
        foreach (var name in cluster.Shards.Prepend(ShardedClusterUnderTest.ConfigServers))
        {
            var set = await metadata.Deployments.EnsureReplicaSetAsync(
                new ReplicaSetRecord(
                    $"r-{name}",
                    $"d-{name}",
                    name,
                    Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()[..12]),
                    "4.2.4",
                    "4.2",
                    "wiredTiger",
                    ReplicaSetState.Waiting,
                    null,
                    null,
                    null,
                    null,
                    Optime.Zero,
                    null
                )
            );
            taken.Add((set, await CopyAsync(blocks, cluster, name, set, now)));
        }

        var time = taken.Max(one => one.Snapshot.Optime) with { Term = -1 };
        var cut = CutRecord.New(
            CutId,
            "d-clus",
            CutKind.Snapshot,
            "test",
            [.. taken.Select(static one => one.Set.Id)],
            now
        );
        await metadata.Clusters.AddCutAsync(cut);
        await metadata.Clusters.StopBalancerAsync(CutId, wasOn: true);
        var state = CutState.Stopping;
        foreach (var next in new[] { CutState.Marking, CutState.Settled })
        {
            var stored = (await metadata.Clusters.FindCutAsync(CutId))!;
            await metadata.Clusters.AdvanceCutAsync(
                stored with
                {
                    State = next,
                    Time = next == CutState.Settled ? time : Optime.Zero,
                },
                state
            );
            state = next;
        }

        foreach (var (_, snapshot) in taken)
        {
            await metadata.Clusters.AddPartAsync(CutId, snapshot);
        }

        if (!await metadata.Clusters.CompleteCutAsync(CutId, expiresAt: null))
        {
            throw new InvalidOperationException("The cut is not complete.");
        }
    }

    private static async Task<SnapshotRecord> CopyAsync(
        PackBlockStore blocks,
        ShardedClusterUnderTest cluster,
        string name,
        ReplicaSetRecord set,
        DateTimeOffset now
    )
    {
        var identity = new ReplicaSetIdentity(set.Name, set.SetId, set.MongoVersion, "4.2", set.StorageEngine);
        using var head = Head.Create(blocks, identity);
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse($"mongodb://{cluster.Address(name)}/?directConnection=true"),
            new MongoClientOptions()
        );
        var databases = await ReadAsync(client, "admin", """{"listDatabases":1,"nameOnly":true}""");
        foreach (var database in databases.Where(static one => one != "local"))
        {
            await foreach (var listed in QueryAsync(client, database, """{"listCollections":1}"""))
            {
                if (listed.View["type"u8].AsString == "view")
                {
                    continue;
                }

                var collection = listed.View["name"u8].AsString;
                var indexes = new List<BsonDocument>();
                await foreach (var index in QueryAsync(client, database, $$"""{"listIndexes":"{{collection}}"}"""))
                {
                    indexes.Add(index);
                }

                var uuid = listed.View["info"u8].AsDocument["uuid"u8].AsUuid;
                var options = listed.View["options"u8].AsDocument.ToDocument();
                head.Catalogue.Set(
                    new CatalogueCollection(uuid, database, collection, CollectionType.Collection, options, indexes)
                );
                await foreach (var document in QueryAsync(client, database, $$"""{"find":"{{collection}}"}"""))
                {
                    head.Put(uuid, document.View, isInsert: true);
                }
            }
        }

        var reply = await cluster.RunOnAsync(name, "admin", """{"isMaster":1}""");
        var written = reply.View["lastWrite"u8].AsDocument["opTime"u8].AsDocument;
        var optime = Optime.FromTimestamp(written["ts"u8].AsTimestamp, written["t"u8].AsInt64);
        var flushed = await head.FlushAsync(head.Position with { Optime = optime, ReplayFrom = optime });
        return new SnapshotRecord(
            $"snap-{name}",
            set.Id,
            optime,
            flushed.Manifest.ToString(),
            0,
            0,
            0,
            0,
            0,
            "test",
            now,
            null
        );
    }

    private static async Task<List<string>> ReadAsync(MongoClient client, string database, string command)
    {
        using var reply = await client.RunCommandAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.PrimaryPreferred,
            CancellationToken.None
        );
        var names = new List<string>();
        foreach (var one in reply.View["databases"u8].AsDocument)
        {
            names.Add(one.AsDocument["name"u8].AsString);
        }

        return names;
    }

    internal static async IAsyncEnumerable<BsonDocument> QueryAsync(MongoClient client, string database, string command)
    {
        await using var cursor = await client.OpenCursorAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.PrimaryPreferred,
            new CursorOptions(),
            CancellationToken.None
        );
        while (await cursor.NextBatchAsync(CancellationToken.None) is { } batch)
        {
            using (batch)
            {
                foreach (var one in batch)
                {
                    yield return one.View.ToDocument();
                }
            }
        }
    }
}
