using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Moves;

/// <summary>
/// One chunk moves from one shard to another: it is copied while it is written to; then, for a moment, nobody gets at the collection on the donor, the
/// rest is copied, and the config servers commit. The donor removes its copy later.
/// </summary>
/// <param name="chunk">As the config servers have it now.</param>
internal sealed class Migration(SandboxCluster cluster, ShardedCollection collection, Chunk chunk, string to)
{
    /// <summary>So much of a chunk's history is kept.</summary>
    private const uint HistorySeconds = 10;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(30);

    private readonly string _ns = collection.Namespace;
    private readonly string _from = chunk.Shard;

    private ConfigServers Config => cluster.Config;

    /// <param name="waitForDelete">Whether it ends only when the donor's copy is gone.</param>
    /// <exception cref="CommandFault">96 where it fails: then the chunk stays.</exception>
    public async Task RunAsync(bool waitForDelete, CancellationToken cancellation)
    {
        await Config.WriteAsync(writer => Begin(writer, waitForDelete), cancellation);
        try
        {
            if (_from == to)
            {
                await LogAsync("moveChunk.from", _from, w => Ends(w, "aborted"), cancellation);
                return;
            }

            var before = cluster.Role(_from).Of(_ns);
            var copy = await CopyAsync(cancellation);
            await LogAsync("moveChunk.commit", _from, w => WriteCounts(w, copy), cancellation);
            await cluster.Faults.PassAsync(MigrationPhase.Committed, cancellation);
            await DeleteAsync(before, waitForDelete, cancellation);
            await LogAsync("moveChunk.from", _from, w => Ends(w, "success"), cancellation);
        }
        catch (CommandFault failed)
        {
            await LogAsync("moveChunk.from", _from, w => Ends(w, "aborted"), cancellation);
            throw new CommandFault(96, "OperationFailed", $"Data transfer error: {failed.Message}");
        }
        finally
        {
            cluster.Role(to).Receive(_ns, null);
            await Config.WriteAsync(
                writer =>
                {
                    writer.Unlock(_ns);
                    writer.Delete("migrations", chunk.Id);
                },
                cluster.Stopping
            );
        }
    }

    private async Task<ChunkCopy> CopyAsync(CancellationToken cancellation)
    {
        await LogAsync("moveChunk.start", _from, Ways, cancellation);
        var (donor, recipient) = (cluster.Link(_from), cluster.Link(to));
        var copy = new ChunkCopy(collection, chunk.Range, donor, recipient);
        await donor.WriteAsync(NoteStart, cancellation);
        cluster.Role(to).Receive(_ns, chunk.Range);
        // What an earlier migration has left there would be taken for the chunk's.
        await new RangeDeletion(cluster, collection, chunk.Range, to).ClearAsync(cancellation);
        await copy.PrepareAsync(cancellation);
        await cluster.PublishAsync(collection, [to], cancellation);
        await copy.PassAsync(cancellation);
        await cluster.Faults.PassAsync(MigrationPhase.Cloning, cancellation);
        await copy.PassAsync(cancellation);
        try
        {
            await EnterCriticalSectionAsync(donor, cancellation);
            await copy.PassAsync(cancellation);
            await LogAsync("moveChunk.to", to, w => Range(w).String("note"u8, "success"), cancellation);
            await cluster.Faults.PassAsync(MigrationPhase.CriticalSection, cancellation);
            await CommitAsync(cancellation);
        }
        finally
        {
            cluster.Role(_from).Close(_ns, isClosed: false);
        }

        return copy;
    }

    /// <summary>From here on nobody gets at the collection; open transactions that have written to it are waited for.</summary>
    private async Task EnterCriticalSectionAsync(SetLink donor, CancellationToken cancellation)
    {
        if (collection.VersionOf(to) == 0)
        {
            await donor.WriteAsync(NoteFirstChunk, cancellation);
        }

        await donor.WriteAsync(engine => NoteRecovery(engine, updaters: 1), cancellation);
        await donor.WriteAsync(
            engine =>
            {
                ShardCache.CountCriticalSection(engine, _ns, 1);
                cluster.Role(_from).Close(_ns, isClosed: true);
                return true;
            },
            cancellation
        );
        for (var started = cluster.Time.GetTimestamp(); !donor.Read(IsFree); )
        {
            if (cluster.Time.GetElapsedTime(started) > LockTimeout)
            {
                throw new CommandFault(24, "LockTimeout", $"Open transactions hold documents of {_ns}");
            }

            await Task.Delay(Look, cluster.Time, cancellation);
        }
    }

    private async Task CommitAsync(CancellationToken cancellation)
    {
        await Config.WriteAsync(
            writer =>
            {
                var at = writer.Engine.Oplog.Last.Timestamp;
                var major = ShardedCollection.Major(collection.Version) + 1;
                var moved = chunk with
                {
                    Shard = to,
                    LastMod = ShardedCollection.Versioned(major, 0),
                    History =
                    [
                        (at, to),
                        .. chunk.History.Where(old => (old.ValidAfter >> 32) + HistorySeconds > at >> 32),
                    ],
                };
                var changed = new List<BsonDocument> { moved.ToDocument(collection) };
                if (collection.Chunks.FirstOrDefault(one => one.Shard == _from && one != chunk) is { } stays)
                {
                    // The donor's version has to change, too: another of its chunks is given the next one.
                    var next = stays with
                    {
                        LastMod = ShardedCollection.Versioned(major, 1),
                        Jumbo = false,
                    };
                    changed.Add(next.ToDocument(collection));
                }

                writer.ApplyChunks(Namespaces.Split(_ns).Database, changed, upsert: false);
            },
            cancellation
        );
        // The donor first: until it has given the chunk up, the recipient must not take it for its own.
        await PublishAsync(_from);
        await PublishAsync(to);
        await cluster.Link(_from).WriteAsync(engine => NoteRecovery(engine, updaters: 0), cluster.Stopping);
    }

    /// <summary>What is committed a shard has to hear, however long it is gone.</summary>
    private async Task PublishAsync(string shard)
    {
        while (true)
        {
            try
            {
                await cluster.PublishAsync(Config.Catalogue.Collection(_ns)!, [shard], cluster.Stopping, moved: true);
                return;
            }
            catch (CommandFault unreachable) when (unreachable.Code is 6 or 133)
            {
                await Task.Delay(Look, cluster.Time, cluster.Stopping);
            }
        }
    }

    private async Task DeleteAsync(OwnedCollection? before, bool waits, CancellationToken cancellation)
    {
        var deletion = new RangeDeletion(cluster, collection, chunk.Range, _from);
        if (waits)
        {
            await deletion.RunAsync(before, cancellation);
            return;
        }

        cluster.Run(async stopping =>
        {
            await Task.Delay(cluster.Options.OrphanDelay, cluster.Time, stopping);
            await deletion.RunAsync(before, stopping);
        });
    }

    private void Begin(ConfigWriter writer, bool waitForDelete)
    {
        writer.Insert(
            "migrations",
            BsonDocument.Build(w =>
            {
                w.Element("_id"u8, chunk.Id.View.First).String("ns"u8, _ns);
                w.Document("min"u8, chunk.Range.Min).Document("max"u8, chunk.Range.Max);
                w.String("fromShard"u8, _from).String("toShard"u8, to);
                w.BeginArray("chunkVersion"u8).Timestamp("0"u8, collection.Version);
                w.ObjectId("1"u8, collection.Epoch).EndArray().Boolean("waitForDelete"u8, waitForDelete);
            })
        );
        writer.Lock(_ns, $"Migrating chunk(s) in collection {_ns}");
    }

    private bool IsFree(Engine engine) => engine.Transactions.IsFree(collection.Uuid);

    private bool NoteStart(Engine engine)
    {
        engine.Log(
            new OplogEntry("n", _ns, null, BsonDocument.Empty)
            {
                O2 = BsonDocument.Build(w => w.String("sessionMigrateCloneStart"u8, _ns)),
            }
        );
        return true;
    }

    private bool NoteFirstChunk(Engine engine)
    {
        var text = $"Migrating chunk from shard {_from} to shard {to} with no chunks for this collection";
        engine.Log(
            new OplogEntry("n", _ns, collection.Uuid, BsonDocument.Build(w => w.String("msg"u8, text)))
            {
                O2 = BsonDocument.Build(w =>
                    w.String("type"u8, "migrateChunkToNewShard").String("from"u8, _from).String("to"u8, to)
                ),
            }
        );
        return true;
    }

    /// <summary>Up to which entry of the config servers the donor has to wait if it dies now.</summary>
    private bool NoteRecovery(Engine engine, int updaters)
    {
        var at = cluster.ConfigServers.LastOptime;
        var versions = engine.Find("admin.system.version")!;
        var probe = new Record(BsonDocument.Build(static w => w.String("_id"u8, "minOpTimeRecovery")), 0);
        if (versions.Find(probe) is null)
        {
            engine.Insert(
                versions,
                BsonDocument.Build(w =>
                {
                    w.String("_id"u8, "minOpTimeRecovery");
                    w.String("configsvrConnectionString"u8, cluster.ConfigServers.HostList);
                    Progress(w);
                    w.String("shardName"u8, _from);
                })
            );
            return true;
        }

        new DocumentWriter(new WriteTarget(engine, engine, "admin", "system.version")).Update(
            new UpdateRequest(
                probe.Document,
                BsonDocument.Build(w =>
                {
                    w.BeginDocument("$set"u8);
                    Progress(w);
                    w.EndDocument();
                }),
                Multi: false,
                Upsert: false
            ),
            statement: 0
        );
        return true;

        void Progress(BsonWriter w) =>
            w.BeginDocument("minOpTime"u8)
                .Timestamp("ts"u8, at.Timestamp)
                .Int64("t"u8, at.Term)
                .EndDocument()
                .Int32("minOpTimeUpdaters"u8, updaters);
    }

    private Task LogAsync(string what, string shard, Action<BsonWriter> details, CancellationToken cancellation) =>
        Config.WriteAsync(writer => writer.Log(what, _ns, shard, BsonDocument.Build(details)), cancellation);

    private BsonWriter Range(BsonWriter w) => w.Document("min"u8, chunk.Range.Min).Document("max"u8, chunk.Range.Max);

    private void Ways(BsonWriter w) => Range(w).String("from"u8, _from).String("to"u8, to);

    private void Ends(BsonWriter w, string note) =>
        Range(w).String("to"u8, to).String("from"u8, _from).String("note"u8, note);

    private void WriteCounts(BsonWriter w, ChunkCopy copy)
    {
        Ways(w);
        w.BeginDocument("counts"u8).Int64("cloned"u8, copy.Cloned.Count).Int64("clonedBytes"u8, copy.Cloned.Bytes);
        w.Int64("catchup"u8, copy.Caught).Int64("steady"u8, 0).EndDocument();
    }
}
