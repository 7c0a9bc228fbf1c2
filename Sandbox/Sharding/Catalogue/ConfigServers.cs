using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Catalogue;

/// <summary>The config servers, for those who read what is where, and for those who change it.</summary>
internal sealed class ConfigServers(SetLink link)
{
    private (Engine Engine, ulong At, ClusterCatalogue Catalogue)? _read;

    public SetLink Link => link;

    public TimeProvider Time => link.Set.Options.Time;

    /// <summary>One change of who has what after the other.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>What they know now.</summary>
    public ClusterCatalogue Catalogue =>
        link.Read(engine =>
        {
            if (_read is { } known && known.Engine == engine && known.At == engine.Oplog.Last.Timestamp)
            {
                return known.Catalogue;
            }

            var read = ClusterCatalogue.Read(engine);
            _read = (engine, engine.Oplog.Last.Timestamp, read);
            return read;
        });

    /// <summary>Changes their content; a majority has it when this ends.</summary>
    public Task WriteAsync(Action<ConfigWriter> change, CancellationToken cancellation) =>
        WriteAsync(
            writer =>
            {
                change(writer);
                return true;
            },
            cancellation
        );

    public Task<T> WriteAsync<T>(Func<ConfigWriter, T> change, CancellationToken cancellation) =>
        link.WriteAsync(engine => change(new ConfigWriter(engine, link.Set.Members[0].Address)), cancellation);

    /// <summary>The database's entry, made where there is none: then its primary is the shard with the fewest bytes.</summary>
    /// <exception cref="CommandFault">70 without shards.</exception>
    public async Task<DatabaseEntry> OpenDatabaseAsync(
        string name,
        Func<string, long> bytesOf,
        string why,
        CancellationToken cancellation
    )
    {
        if (Catalogue.Database(name) is { } known)
        {
            return known;
        }

        await Turn.WaitAsync(cancellation);
        try
        {
            var catalogue = Catalogue;
            if (catalogue.Database(name) is { } meanwhile)
            {
                return meanwhile;
            }

            var primary =
                catalogue.Shards.Where(static shard => !shard.IsDraining).MinBy(shard => bytesOf(shard.Name))
                ?? throw new CommandFault(70, "ShardNotFound", "No shards found");
            await WriteAsync(
                writer =>
                {
                    writer.Lock(name, why);
                    writer.Insert("databases", NewDatabase(name, primary.Name));
                    writer.Unlock(name);
                },
                cancellation
            );
            return Catalogue.Database(name)!;
        }
        finally
        {
            Turn.Release();
        }
    }

    private static BsonDocument NewDatabase(string name, string primary) =>
        BsonDocument.Build(w =>
        {
            w.String("_id"u8, name).String("primary"u8, primary).Boolean("partitioned"u8, false);
            w.BeginDocument("version"u8).Uuid("uuid"u8, Guid.NewGuid()).Int32("lastMod"u8, 1).EndDocument();
        });
}
