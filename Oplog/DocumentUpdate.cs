using Backup.MongoWire.Bson;
using Backup.Oplog.Updates;

namespace Backup.Oplog;

/// <summary>Applies an oplog entry's partial update to a document, byte for byte as the server does.</summary>
public static class DocumentUpdate
{
    /// <summary>Writes the changed document to <paramref name="output"/> (appended as one top-level document).</summary>
    /// <param name="document">The document as it was.</param>
    /// <param name="update"><c>{$v: 1, $set…, $unset…}</c>, bare modifiers, or <c>{$v: 2, diff: …}</c>.</param>
    /// <param name="output">Receives the document.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001, 3003, 3004 or 3005; the output then holds nothing usable.</exception>
    public static void Apply(BsonView document, BsonView update, BsonWriter output)
    {
        var plan = UpdatePlan.Rent();
        output.BeginDocument();
        if (IsDiff(update))
        {
            Diff.Parse(update, plan);
            Diff.ApplyToDocument(document, update.Bytes, plan, UpdatePlan.Root, output);
        }
        else
        {
            Modifiers.Parse(update, plan);
            Modifiers.ApplyToDocument(document, update.Bytes, plan, UpdatePlan.Root, output);
        }

        output.EndDocument();
        plan.Return();
    }

    /// <summary>The upsert of a document that does not exist: as if it had been the fields of <paramref name="idHolder"/>.</summary>
    /// <param name="idHolder">The entry's <c>o2</c>: <c>_id</c> and perhaps shard key fields, which may be dotted.</param>
    /// <param name="update">As in <see cref="Apply"/>.</param>
    /// <param name="output">Receives the document, <c>_id</c> first.</param>
    public static void ApplyToMissing(BsonView idHolder, BsonView update, BsonWriter output)
    {
        using var rest = new BsonWriter();
        rest.BeginDocument().BeginDocument("$set"u8);
        foreach (var field in idHolder)
        {
            if (!field.NameIs("_id"u8))
            {
                rest.Element(field);
            }
        }

        rest.EndDocument().EndDocument();
        using var start = new BsonWriter();
        start.BeginDocument().Element(idHolder["_id"u8]).EndDocument();
        using var made = new BsonWriter();
        Apply(new BsonView(start.Written), new BsonView(rest.Written), made);
        Apply(new BsonView(made.Written), update, output);
    }

    /// <summary>Whether an entry's <c>o</c> is a partial update; else it is a whole document that replaces the old one.</summary>
    public static bool IsPartial(BsonView update) => !update.IsEmpty && update.First.Name is [(byte)'$', ..];

    private static bool IsDiff(BsonView update)
    {
        if (!IsPartial(update))
        {
            throw OplogErrors.Update("a whole document is no partial update");
        }

        if (!update.TryGet("$v"u8, out var version))
        {
            return false;
        }

        return version.ToInt64() switch
        {
            1 => false,
            2 => true,
            var other => throw OplogErrors.Update($"its version $v is {other}"),
        };
    }
}
