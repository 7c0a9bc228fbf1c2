using Backup.Foundation;
using Backup.MongoWire.Bson;
using static Backup.Tests.Daemon.StoredSource;

namespace Backup.Tests.Daemon;

/// <summary>One collection of a model: what it is called, and its texts by _id.</summary>
internal sealed record ModelCollection(Guid Uuid, string Namespace, SortedDictionary<int, string> Texts)
{
    internal ModelCollection Copied() => this with { Texts = new SortedDictionary<int, string>(Texts) };
}

/// <summary>
/// A source that does random things, as plain dictionaries, beside what a head would hold that began with other contents: each operation is done
/// to both by the words of the oplog's meaning, and written as an oplog entry. Every optime's state is remembered.
/// </summary>
internal sealed class SourceModel(Random random, uint start)
{
    private const int Ids = 24;
    private readonly List<(
        Optime At,
        Dictionary<Guid, ModelCollection> Truth,
        Dictionary<Guid, ModelCollection> Held
    )> _past = [];
    private readonly List<BsonDocument> _entries = [];
    private uint _t = start;
    private int _texts;
    private int _session;

    internal Dictionary<Guid, ModelCollection> Truth { get; } = [];

    /// <summary>What the head holds before any fresh copy.</summary>
    internal Dictionary<Guid, ModelCollection> Held { get; } = [];

    internal Optime Now => new(_t, 1, 1);

    /// <summary>The prepared transaction that is not decided: what it would do, its session and when it was prepared.</summary>
    private (List<Action> Done, int Session, Optime Prepared)? _open;

    internal ModelCollection Add(string ns, bool damaged = false)
    {
        var made = new ModelCollection(NewUuid(), ns, []);
        for (var id = 0; id < Ids; id += 2)
        {
            made.Texts[id] = $"first {id}";
        }

        Truth[made.Uuid] = made;
        Held[made.Uuid] = made.Copied();
        if (damaged)
        {
            foreach (var id in made.Texts.Keys.Where(id => id % 3 == 0))
            {
                Held[made.Uuid].Texts[id] = "not what the source has";
            }

            // A document that the source does not have, of an _id that nothing else uses.
            Held[made.Uuid].Texts[1000] = "never was";
        }

        return made;
    }

    internal BsonDocument[] TakeEntries()
    {
        var taken = _entries.ToArray();
        _entries.Clear();
        return taken;
    }

    internal bool HasEntries => _entries.Count > 0;

    internal static Dictionary<string, SortedDictionary<int, string>> Contents(
        Dictionary<Guid, ModelCollection> state
    ) => state.Values.ToDictionary(one => one.Namespace, one => one.Texts);

    internal (Dictionary<Guid, ModelCollection> Truth, Dictionary<Guid, ModelCollection> Held) At(Optime optime)
    {
        var found = _past.Last(one => one.At <= optime);
        return (found.Truth, found.Held);
    }

    internal void Noop() => Emit(StoredSource.Noop);

    /// <summary>Decides what is undecided.</summary>
    internal void Settle()
    {
        if (_open is not null)
        {
            Decide();
        }
    }

    /// <summary>One random thing.</summary>
    internal void Step()
    {
        var all = Truth.Values.OrderBy(one => one.Namespace, StringComparer.Ordinal).ToList();
        var one = all[random.Next(all.Count)];
        switch (random.Next(22))
        {
            case 0 when _open is null:
                Drop(one);
                break;
            case 1 when _open is null:
                Rename(one, random.Next(2) == 0 ? $"shop.renamed{_t}" : all[random.Next(all.Count)].Namespace);
                break;
            case 2:
                if (Truth.Values.All(other => other.Namespace != "shop.orders"))
                {
                    Create("shop.orders");
                }

                break;
            case 3:
                Transact(all);
                break;
            case 4 when _open is null:
                Prepare(one);
                break;
            case 5 when _open is not null:
                Decide();
                break;
            default:
                var (entry, apply) = Operation(one);
                Do(apply);
                Emit(entry);
                break;
        }
    }

    private void Drop(ModelCollection one)
    {
        if (Truth.Count > 2)
        {
            Truth.Remove(one.Uuid);
            Held.Remove(one.Uuid);
            var name = one.Namespace["shop.".Length..];
            Emit(at => Command(at, "shop.$cmd", BsonDocument.Build(w => w.String("drop"u8, name)), one.Uuid));
        }
    }

    private void Create(string ns)
    {
        var made = new ModelCollection(NewUuid(), ns, []);
        Truth[made.Uuid] = made;
        Held[made.Uuid] = made.Copied();
        var name = ns["shop.".Length..];
        Emit(at => Command(at, "shop.$cmd", BsonDocument.Build(w => w.String("create"u8, name)), made.Uuid));
    }

    private void Rename(ModelCollection one, string to)
    {
        var target = Truth.Values.FirstOrDefault(other => other.Namespace == to);
        if (to == one.Namespace || (target is not null && Truth.Count < 3))
        {
            return;
        }

        foreach (var state in (IEnumerable<Dictionary<Guid, ModelCollection>>)[Truth, Held])
        {
            if (target is not null)
            {
                state.Remove(target.Uuid);
            }

            state[one.Uuid] = state[one.Uuid] with { Namespace = to };
        }

        Emit(at =>
            Command(
                at,
                "shop.$cmd",
                BsonDocument.Build(w =>
                {
                    w.String("renameCollection"u8, one.Namespace).String("to"u8, to).Boolean("stayTemp"u8, false);
                    if (target is not null)
                    {
                        w.Uuid("dropTarget"u8, target.Uuid);
                    }
                }),
                one.Uuid
            )
        );
    }

    private void Transact(List<ModelCollection> all)
    {
        var parts = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Operation(all[random.Next(all.Count)])).ToList();
        // Each part was made before the others: an update must not meet a document that another part removes.
        if (parts.Count > 1)
        {
            parts = [parts[0]];
            Do(parts[0].Apply);
            var second = Operation(all[random.Next(all.Count)]);
            Do(second.Apply);
            parts.Add(second);
        }
        else
        {
            Do(parts[0].Apply);
        }

        var session = ++_session;
        Emit(at => Transaction(at, session, Optime.Zero, o => ApplyOps(o, parts.ConvertAll(part => part.Entry(at)))));
    }

    /// <summary>An insert of an _id that only this transaction uses.</summary>
    private void Prepare(ModelCollection one)
    {
        var (id, text, session) = (2000 + ++_session, $"prepared {++_texts}", _session);
        var document = Document(id, text);
        Emit(at => StoredSource.Prepare(at, session, one.Namespace, one.Uuid, document));
        _open = ([() => Both(one.Uuid, texts => texts[id] = text)], session, Now);
    }

    private void Decide()
    {
        var (done, session, prepared) = _open!.Value;
        _open = null;
        if (random.Next(3) == 0)
        {
            Emit(at => Abort(at, session, prepared));
            return;
        }

        done.ForEach(one => one());
        Emit(at => Commit(at, session, prepared, at));
    }

    private (Func<Optime, BsonDocument> Entry, Action Apply) Operation(ModelCollection one)
    {
        var (uuid, ns) = (one.Uuid, one.Namespace);
        var id = random.Next(Ids);
        var text = $"text {++_texts}";
        var exists = Truth[uuid].Texts.ContainsKey(id);
        return random.Next(5) switch
        {
            0 when exists => (at => Delete(at, ns, uuid, id), () => Both(uuid, texts => texts.Remove(id))),
            1 or 2 when exists => (at => Set1(at, ns, uuid, id, text), () => Both(uuid, texts => texts[id] = text)),
            3 => (at => Upsert(at, ns, uuid, id, text), () => Both(uuid, texts => texts[id] = text)),
            4 when exists => (at => Replace(at, ns, uuid, id, text), () => Both(uuid, texts => texts[id] = text)),
            _ when exists => (at => Set1(at, ns, uuid, id, text), () => Both(uuid, texts => texts[id] = text)),
            _ => (at => Insert(at, ns, uuid, Document(id, text)), () => Both(uuid, texts => texts[id] = text)),
        };
    }

    private void Both(Guid uuid, Action<SortedDictionary<int, string>> change)
    {
        change(Truth[uuid].Texts);
        change(Held[uuid].Texts);
    }

    private static void Do(Action apply) => apply();

    private void Emit(Func<Optime, BsonDocument> entry)
    {
        _t++;
        _entries.Add(entry(Now));
        _past.Add((Now, Copy(Truth), Copy(Held)));
    }

    private static Dictionary<Guid, ModelCollection> Copy(Dictionary<Guid, ModelCollection> state) =>
        state.ToDictionary(one => one.Key, one => one.Value.Copied());

    private Guid NewUuid()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static void ApplyOps(BsonWriter o, List<BsonDocument> operations)
    {
        o.BeginArray("applyOps"u8);
        Span<byte> scratch = stackalloc byte[11];
        foreach (var operation in operations)
        {
            o.Document(o.ArrayItemName(scratch), operation);
        }

        o.EndArray();
    }
}
