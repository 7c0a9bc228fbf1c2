using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding;

/// <summary>What is in a cluster's sets before anybody has asked for anything. Under the engine's lock.</summary>
internal static class FirstContent
{
    private static readonly (string Collection, string Name, string[] Key, bool Unique)[] Indexes =
    [
        ("chunks", "ns_1_min_1", ["ns", "min"], true),
        ("chunks", "ns_1_shard_1_min_1", ["ns", "shard", "min"], true),
        ("chunks", "ns_1_lastmod_1", ["ns", "lastmod"], true),
        ("migrations", "ns_1_min_1", ["ns", "min"], true),
        ("shards", "host_1", ["host"], true),
        ("locks", "ts_1", ["ts"], false),
        ("locks", "state_1_process_1", ["state", "process"], false),
        ("lockpings", "ping_1", ["ping"], false),
        ("tags", "ns_1_min_1", ["ns", "min"], true),
        ("tags", "ns_1_tag_1", ["ns", "tag"], false),
    ];

    /// <summary>The feature compatibility version, which every member of a cluster is given.</summary>
    public static void OfMember(Engine engine)
    {
        var version = engine.Options.FeatureVersion;
        engine.Insert(
            Admin(engine, "system.version"),
            BsonDocument.Build(w => w.String("_id"u8, "featureCompatibilityVersion").String("version"u8, version))
        );
    }

    public static void OfConfigServers(ConfigWriter writer, byte[] clusterId, bool balances)
    {
        var engine = writer.Engine;
        OfMember(engine);
        var keys = Admin(engine, "system.keys");
        for (var number = 0; number < 2; number++)
        {
            engine.Insert(keys, Key(engine, number));
        }

        writer.Insert(
            "version",
            BsonDocument.Build(w =>
                w.Int32("_id"u8, 1)
                    .Int32("minCompatibleVersion"u8, 5)
                    .Int32("currentVersion"u8, 6)
                    .ObjectId("clusterId"u8, clusterId)
            )
        );
        foreach (var (collection, name, key, unique) in Indexes)
        {
            var index = BsonDocument.Build(w =>
            {
                w.BeginDocument("key"u8);
                foreach (var field in key)
                {
                    w.Int32(System.Text.Encoding.UTF8.GetBytes(field), 1);
                }

                w.EndDocument().String("name"u8, name);
                if (unique)
                {
                    w.Boolean("unique"u8, true);
                }
            });
            var open = writer.Open(collection);
            CatalogueWriter.CreateIndex(engine, open, IndexSpecs.Normalise(index, open.Namespace), wasThere: true);
        }

        if (!balances)
        {
            writer.Switch(isOn: false);
        }
    }

    private static SandboxCollection Admin(Engine engine, string name) =>
        engine.Find($"admin.{name}") ?? CatalogueWriter.Create(engine, "admin", name, BsonDocument.Empty);

    /// <summary>A key that signatures of times would be made with; three months of life, as on a server.</summary>
    private static BsonDocument Key(Engine engine, int number) =>
        BsonDocument.Build(w =>
        {
            var seconds = (ulong)(engine.NowMilliseconds / 1000) + (ulong)(number + 1) * 7_776_000;
            w.Int64("_id"u8, engine.NowMilliseconds + number).String("purpose"u8, "HMAC");
            w.Binary("key"u8, System.Security.Cryptography.RandomNumberGenerator.GetBytes(20));
            w.Timestamp("expiresAt"u8, seconds << 32);
        });
}
