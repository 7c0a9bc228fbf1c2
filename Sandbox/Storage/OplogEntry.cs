using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>The session that a retryable write or a transaction belongs to.</summary>
/// <param name="Lsid"><c>{id, uid}</c>, as the oplog has it.</param>
/// <param name="TxnNumber">The client's.</param>
/// <param name="StmtId">The statement's ordinal; null in a transaction.</param>
/// <param name="Previous">The session's write before this one; null: none.</param>
internal sealed record WriteOrigin(BsonDocument Lsid, long TxnNumber, int? StmtId, Optime? Previous)
{
    /// <summary>The no-op that holds the document as it was before or after, for a findAndModify that is sent again.</summary>
    public (bool IsBefore, Optime At)? Image { get; init; }
}

/// <summary>What happened, before it has an optime. Written in the field order of the profile's server.</summary>
internal sealed record OplogEntry(string Op, string Ns, Guid? Collection, BsonDocument O)
{
    public BsonDocument? O2 { get; init; }

    public WriteOrigin? Origin { get; init; }

    public bool FromMigrate { get; init; }

    public BsonDocument ToDocument(WireProfile profile, Optime optime, long wall)
    {
        using var writer = new BsonWriter(O.Length + 256);
        writer.BeginDocument();
        if (profile == WireProfile.V42)
        {
            WriteOld(writer, optime, wall);
        }
        else
        {
            WriteNew(writer, optime, wall);
        }

        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>As an operation inside <c>applyOps</c>.</summary>
    public void WriteInner(BsonWriter writer)
    {
        writer.String("op"u8, Op).String("ns"u8, Ns);
        Uuid(writer);
        writer.Document("o"u8, O);
        Second(writer);
    }

    private void WriteOld(BsonWriter writer, Optime optime, long wall)
    {
        writer.Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, optime.Term).Int64("h"u8, 0).Int32("v"u8, 2);
        writer.String("op"u8, Op).String("ns"u8, Ns);
        Uuid(writer);
        Migrate(writer);
        Second(writer);
        writer.DateTime("wall"u8, wall);
        SessionOf(writer);
        Statement(writer);
        writer.Document("o"u8, O);
    }

    private void WriteNew(BsonWriter writer, Optime optime, long wall)
    {
        SessionOf(writer);
        writer.String("op"u8, Op).String("ns"u8, Ns);
        Uuid(writer);
        writer.Document("o"u8, O);
        Second(writer);
        writer.Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, optime.Term);
        writer.DateTime("wall"u8, wall).Int64("v"u8, 2);
        Statement(writer);
        Migrate(writer);
    }

    private void Uuid(BsonWriter writer)
    {
        if (Collection is { } uuid)
        {
            writer.Uuid("ui"u8, uuid);
        }
    }

    private void Second(BsonWriter writer)
    {
        if (O2 is { } second)
        {
            writer.Document("o2"u8, second);
        }
    }

    private void Migrate(BsonWriter writer)
    {
        if (FromMigrate)
        {
            writer.Boolean("fromMigrate"u8, true);
        }
    }

    private void SessionOf(BsonWriter writer)
    {
        if (Origin is { } origin)
        {
            writer.Document("lsid"u8, origin.Lsid).Int64("txnNumber"u8, origin.TxnNumber);
        }
    }

    private void Statement(BsonWriter writer)
    {
        if (Origin is not { } origin)
        {
            return;
        }

        if (origin.StmtId is { } statement)
        {
            writer.Int32("stmtId"u8, statement);
        }

        writer.BeginDocument("prevOpTime"u8);
        writer.Timestamp("ts"u8, origin.Previous?.Timestamp ?? 0).Int64("t"u8, origin.Previous?.Term ?? -1);
        writer.EndDocument();
        if (origin.Image is { } image)
        {
            writer.BeginDocument(image.IsBefore ? "preImageOpTime"u8 : "postImageOpTime"u8);
            writer.Timestamp("ts"u8, image.At.Timestamp).Int64("t"u8, image.At.Term).EndDocument();
        }
    }
}
