using Backup.MongoWire.Bson;
using Backup.Sandbox.Commands;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Catalogue;

/// <summary>Writes to the config servers' collections, with the entries that a server leaves. Under the engine's lock, on the primary.</summary>
/// <param name="address">Of the server, as the change log names it.</param>
internal sealed class ConfigWriter(Engine engine, string address)
{
    private const int ChangeLogBytes = 200 << 20;
    private const int ActionLogBytes = 20 << 20;

    public Engine Engine => engine;

    public void Insert(string collection, BsonDocument document, BsonDocument? options = null) =>
        engine.Insert(Open(collection, options), document);

    public bool Delete(string collection, BsonDocument id)
    {
        var open = Open(collection);
        if (open.Find(Probe(id)) is not { } record)
        {
            return false;
        }

        engine.Delete(open, record, origin: null);
        return true;
    }

    /// <summary>Puts a whole document in place of another; inserts it where there is none.</summary>
    public void Put(string collection, BsonDocument document)
    {
        var open = Open(collection);
        if (open.Find(new Record(document, 0)) is { } old)
        {
            engine.Update(open, old, document, document, origin: null);
        }
        else
        {
            engine.Insert(open, document);
        }
    }

    /// <summary>Sets fields of a document that is there, or that is made.</summary>
    /// <param name="id">Wrapped.</param>
    public void Set(string collection, BsonDocument id, Action<BsonWriter> fields, bool upsert = false)
    {
        _ = Open(collection);
        new DocumentWriter(new WriteTarget(engine, engine, "config", collection)).Update(
            new UpdateRequest(
                BsonDocument.Build(w => w.Element("_id"u8, id.View.First)),
                BsonDocument.Build(w =>
                {
                    w.BeginDocument("$set"u8);
                    fields(w);
                    w.EndDocument();
                }),
                Multi: false,
                upsert
            ),
            statement: 0
        );
    }

    public static BsonDocument Id(string id) => BsonDocument.Build(w => w.String(""u8, id));

    /// <summary>Changes chunks in one entry, as a command that applies them together.</summary>
    /// <param name="database">In whose <c>$cmd</c> the entry stands.</param>
    /// <param name="upsert">As the entry says it of each.</param>
    /// <param name="more">What the command was given besides.</param>
    public void ApplyChunks(
        string database,
        IReadOnlyList<BsonDocument> chunks,
        bool upsert,
        Action<BsonWriter>? more = null
    )
    {
        var open = Open("chunks");
        foreach (var chunk in chunks)
        {
            var old = open.Find(new Record(chunk, 0));
            engine.Wrote(open, old, old is null ? open.Insert(chunk) : open.Replace(old, chunk));
        }

        var uuid = open.Uuid;
        engine.Log(
            new OplogEntry(
                "c",
                $"{database}.$cmd",
                null,
                BsonDocument.Build(w =>
                {
                    Span<byte> scratch = stackalloc byte[11];
                    w.BeginArray("applyOps"u8);
                    foreach (var chunk in chunks)
                    {
                        w.BeginDocument(w.ArrayItemName(scratch)).String("op"u8, "u").Boolean("b"u8, upsert);
                        w.String("ns"u8, "config.chunks").Document("o"u8, chunk).BeginDocument("o2"u8);
                        w.Element(chunk.View["_id"u8]).EndDocument().Uuid("ui"u8, uuid).EndDocument();
                    }

                    w.EndArray();
                    more?.Invoke(w);
                    w.String("$db"u8, database);
                })
            )
        );
    }

    /// <summary>Notes in <c>config.changelog</c> what has happened.</summary>
    /// <param name="shard">Where; <c>config</c> for the config servers themselves.</param>
    public void Log(string what, string ns, string shard, BsonDocument details) =>
        Note("changelog", ChangeLogBytes, what, ns, shard, details);

    /// <summary>Notes in <c>config.actionlog</c> what the balancer has done.</summary>
    public void LogAction(string what, BsonDocument details) =>
        Note("actionlog", ActionLogBytes, what, "", "config", details);

    /// <summary>Turns the balancer, and with it the splitting of chunks that grow, on or off.</summary>
    public void Switch(bool isOn)
    {
        Set(
            "settings",
            Id("balancer"),
            w => w.String("mode"u8, isOn ? "full" : "off").Boolean("stopped"u8, !isOn),
            upsert: true
        );
        Set("settings", Id("autosplit"), w => w.Boolean("enabled"u8, isOn), upsert: true);
    }

    /// <summary>Takes a distributed lock, which nobody else asks for: changes come one after the other.</summary>
    public void Lock(string name, string why)
    {
        var isNew = Open("locks").Find(Probe(Id(name))) is null;
        var (stamp, now) = (WriteCommands.NewObjectId(), engine.NowMilliseconds);
        if (isNew)
        {
            Insert(
                "locks",
                BsonDocument.Build(w =>
                {
                    w.String("_id"u8, name).Int32("state"u8, 2).String("process"u8, "ConfigServer");
                    Holder(w);
                })
            );
        }
        else
        {
            Set(
                "locks",
                Id(name),
                w =>
                {
                    w.Int32("state"u8, 2);
                    Holder(w);
                }
            );
        }

        void Holder(BsonWriter w) =>
            w.ObjectId("ts"u8, stamp)
                .DateTime("when"u8, now)
                .String("who"u8, "ConfigServer:sandbox")
                .String("why"u8, why);
    }

    public void Unlock(string name) => Set("locks", Id(name), static w => w.Int32("state"u8, 0));

    /// <summary>A collection of <c>config</c>; made where it is not.</summary>
    public SandboxCollection Open(string collection, BsonDocument? options = null) =>
        engine.Find($"config.{collection}")
        ?? CatalogueWriter.Create(engine, "config", collection, options ?? BsonDocument.Empty);

    private void Note(string collection, int bytes, string what, string ns, string shard, BsonDocument details)
    {
        var now = engine.NowMilliseconds;
        var stamp = Convert.ToHexStringLower(WriteCommands.NewObjectId());
        var time = DateTimeOffset.FromUnixTimeMilliseconds(now);
        Insert(
            collection,
            BsonDocument.Build(w =>
            {
                w.String("_id"u8, $"{address}-{time:yyyy-MM-ddTHH:mm:ss.fff}+0000-{stamp}").String("server"u8, address);
                w.String("shard"u8, shard).String("clientAddr"u8, "").DateTime("time"u8, now).String("what"u8, what);
                w.String("ns"u8, ns).Document("details"u8, details);
            }),
            BsonDocument.Build(w => w.Boolean("capped"u8, true).Int32("size"u8, bytes))
        );
    }

    private static Record Probe(BsonDocument id) => new(BsonDocument.Build(w => w.Element("_id"u8, id.View.First)), 0);
}
