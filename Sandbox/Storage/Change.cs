using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>
/// One thing that an oplog entry does to the data of a member. The primary notes it while it works; the other members do it again from the note, and
/// who has to roll back undoes it. Records never change, so that all members share them. Under the engine's lock.
/// </summary>
internal abstract record Change
{
    public abstract void Apply(Engine engine);

    public abstract void Undo(Engine engine);
}

/// <summary>A document came, changed or went.</summary>
/// <param name="Before">Null: it was not there.</param>
/// <param name="After">Null: it is gone.</param>
internal sealed record RecordChange(Guid Collection, Record? Before, Record? After) : Change
{
    public override void Apply(Engine engine)
    {
        var collection = engine.Find(Collection)!;
        collection.Put(Before, After);
        engine.History?.Changed(collection, (After ?? Before)!.Document, After?.Document);
    }

    public override void Undo(Engine engine) => engine.Find(Collection)!.Put(After, Before);
}

/// <summary>A collection came.</summary>
internal sealed record CollectionAdded(Guid Uuid, CollectionDefinition Definition) : Change
{
    public override void Apply(Engine engine) => engine.Attach(Definition.Create(Uuid));

    public override void Undo(Engine engine) => engine.Detach(engine.Find(Uuid)!);
}

/// <summary>A collection went; until a majority knows, it may come back.</summary>
internal sealed record CollectionRemoved(Guid Uuid) : Change
{
    public override void Apply(Engine engine) => engine.Bury(engine.Find(Uuid)!);

    public override void Undo(Engine engine) => engine.Attach(engine.Exhume(Uuid));
}

/// <summary>A collection's name, options or indexes are others.</summary>
internal sealed record CollectionDefined(Guid Uuid, CollectionDefinition Before, CollectionDefinition After) : Change
{
    public override void Apply(Engine engine) => engine.Define(Uuid, After);

    public override void Undo(Engine engine) => engine.Define(Uuid, Before);
}

/// <summary>What a collection is, without its documents.</summary>
internal sealed record CollectionDefinition(
    string Database,
    string Name,
    BsonDocument Options,
    IReadOnlyList<BsonDocument> Indexes
)
{
    public static CollectionDefinition Of(SandboxCollection collection) =>
        new(collection.Database, collection.Name, collection.Options, [.. collection.Indexes]);

    public SandboxCollection Create(Guid uuid)
    {
        var collection = new SandboxCollection(uuid, Database, Name, Options);
        collection.Indexes.AddRange(Indexes);
        return collection;
    }
}
