using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding;

/// <summary>Adds replica sets to the cluster as shards, and takes shards out of it once they are empty.</summary>
internal sealed class ShardAdmission(SandboxCluster cluster)
{
    /// <param name="host">As <c>set/host:port,host:port</c>.</param>
    /// <param name="name">Of the shard; null: that of the set.</param>
    /// <returns>The shard's name.</returns>
    /// <exception cref="CommandFault">9, 96, 133</exception>
    public async Task<string> AddAsync(string host, string? name, CancellationToken cancellation)
    {
        var slash = host.IndexOf('/');
        if (slash < 0)
        {
            throw new CommandFault(
                96,
                "OperationFailed",
                $"host is part of a replica set; use replica set url format <setname>/<server1>,<server2>, ... for {host}"
            );
        }

        if (!cluster.Shards.TryGetValue(host[..slash], out var set) || (name ?? host[..slash]) != host[..slash])
        {
            throw new CommandFault(
                133,
                "FailedToSatisfyReadPreference",
                $"Could not find host matching read preference {{ mode: \"primary\" }} for set {host[..slash]}"
            );
        }

        name = set.Options.ReplicaSetName;
        var config = cluster.Config;
        if (config.Catalogue.Shard(name) is not null)
        {
            return name;
        }

        var link = cluster.Link(name);
        var databases = link.Read(static engine =>
            engine.Collections.Select(static collection => collection.Database).Distinct().ToList()
        );
        foreach (var database in databases.Where(static database => database is not ("admin" or "config" or "local")))
        {
            if (config.Catalogue.Database(database) is { } known)
            {
                throw new CommandFault(
                    96,
                    "OperationFailed",
                    $"can't add shard '{host}' because a local database '{database}' exists in another {known.Primary}"
                );
            }
        }

        await link.WriteAsync(engine => Identify(engine, name), cancellation);
        set.Options.Role!.ShardName = name;
        await config.WriteAsync(
            writer =>
            {
                writer.Insert(
                    "shards",
                    BsonDocument.Build(w => w.String("_id"u8, name).String("host"u8, set.HostList).Int32("state"u8, 1))
                );
                foreach (var database in databases.Where(static one => one is not ("admin" or "config" or "local")))
                {
                    writer.Insert("databases", OwnDatabase(database, name));
                }

                writer.Log(
                    "addShard",
                    "",
                    "config",
                    BsonDocument.Build(w => w.String("name"u8, name).String("host"u8, set.HostList))
                );
            },
            cancellation
        );
        return name;
    }

    /// <summary>Starts, or goes on with, emptying a shard; an empty one is removed.</summary>
    /// <returns>The answer's own fields.</returns>
    /// <exception cref="CommandFault">20, 70</exception>
    public async Task<BsonDocument> RemoveAsync(string name, CancellationToken cancellation)
    {
        var config = cluster.Config;
        var catalogue = config.Catalogue;
        var shard = catalogue.Shard(name) ?? throw new CommandFault(70, "ShardNotFound", $"Shard {name} not found");
        if (catalogue.Shards.All(one => one.Name == name || one.IsDraining))
        {
            throw CommandFault.IllegalOperation("Operation not allowed because it would remove the last shard");
        }

        var own = catalogue.Databases.Values.Where(one => one.Primary == name).Select(static one => one.Name).ToList();
        if (!shard.IsDraining)
        {
            await config.WriteAsync(
                writer =>
                {
                    writer.Log("removeShard.start", "", "config", BsonDocument.Build(w => w.String("shard"u8, name)));
                    writer.Set("shards", Catalogue.ConfigWriter.Id(name), static w => w.Boolean("draining"u8, true));
                },
                cancellation
            );
            return BsonDocument.Build(w =>
            {
                w.String("msg"u8, "draining started successfully").String("state"u8, "started");
                w.String("shard"u8, name);
                Databases(w, own);
            });
        }

        var chunks = catalogue.Collections.Values.Sum(one => one.Chunks.Count(chunk => chunk.Shard == name));
        if (chunks > 0 || own.Count > 0)
        {
            return BsonDocument.Build(w =>
            {
                w.String("msg"u8, "draining ongoing").String("state"u8, "ongoing").BeginDocument("remaining"u8);
                w.Int64("chunks"u8, chunks).Int64("dbs"u8, own.Count).Int64("jumboChunks"u8, 0).EndDocument();
                Databases(w, own);
            });
        }

        await config.WriteAsync(
            writer =>
            {
                writer.Delete("shards", Catalogue.ConfigWriter.Id(name));
                writer.Log("removeShard", "", "config", BsonDocument.Build(w => w.String("shard"u8, name)));
            },
            cancellation
        );
        return BsonDocument.Build(w =>
            w.String("msg"u8, "removeshard completed successfully")
                .String("state"u8, "completed")
                .String("shard"u8, name)
        );
    }

    private bool Identify(Engine engine, string name)
    {
        var versions = engine.Find("admin.system.version")!;
        var identity = BsonDocument.Build(w =>
        {
            w.String("_id"u8, "shardIdentity").String("shardName"u8, name).ObjectId("clusterId"u8, cluster.Id);
            w.String("configsvrConnectionString"u8, cluster.ConfigServers.HostList);
        });
        if (versions.Find(new Record(identity, 0)) is { } old)
        {
            engine.Update(versions, old, identity, identity, origin: null);
        }
        else
        {
            engine.Insert(versions, identity);
        }

        return true;
    }

    private static BsonDocument OwnDatabase(string database, string shard) =>
        BsonDocument.Build(w =>
        {
            w.String("_id"u8, database).String("primary"u8, shard).Boolean("partitioned"u8, false);
            w.BeginDocument("version"u8).Uuid("uuid"u8, Guid.NewGuid()).Int32("lastMod"u8, 1).EndDocument();
        });

    private static void Databases(BsonWriter w, List<string> databases)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.String("note"u8, "you need to drop or movePrimary these databases").BeginArray("dbsToMove"u8);
        foreach (var database in databases)
        {
            w.String(w.ArrayItemName(scratch), database);
        }

        w.EndArray();
    }
}
