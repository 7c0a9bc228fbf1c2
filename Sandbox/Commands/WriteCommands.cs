using System.Security.Cryptography;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Commands;

/// <summary>insert, update, delete, findAndModify, appendOplogNote.</summary>
internal static class WriteCommands
{
    public static BsonDocument Insert(CommandContext context) =>
        Each(
            context,
            "documents",
            (write, document, statement) =>
            {
                write.Insert(write.CollectionForWrite(), document, statement);
                return 1;
            }
        );

    public static BsonDocument Delete(CommandContext context) =>
        Each(
            context,
            "deletes",
            (write, statement, number) =>
            {
                var query = statement.View["q"u8].AsDocument.ToDocument();
                var one = statement.View.TryGet("limit"u8, out var limit) && limit.ToInt64() == 1;
                return write.Delete(query, one, number);
            }
        );

    public static BsonDocument Update(CommandContext context)
    {
        var upserted = new List<(int Index, BsonDocument Id)>();
        var modified = 0;
        return Each(
            context,
            "updates",
            (write, statement, number) =>
            {
                var result = write.Update(UpdateRequest.Of(statement), number);
                modified += result.Modified;
                if (result.UpsertedId is { } id)
                {
                    upserted.Add((number, id));
                }

                return result.Matched + (result.UpsertedId is null ? 0 : 1);
            },
            w => WriteUpdateResult(w, modified, upserted)
        );
    }

    public static BsonDocument FindAndModify(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            return FindAndModifyCommand.Run(context, new DocumentWriter(WriteTarget.Of(context)));
        }
    }

    public static BsonDocument AppendNote(CommandContext context)
    {
        var data = context.Document("data"u8) ?? throw CommandFault.FailedToParse("appendOplogNote needs 'data'");
        lock (context.Engine.Gate)
        {
            context.Engine.Note(data);
        }

        return context.Reply(static _ => { });
    }

    /// <summary>A document with an <c>_id</c> in front, made where it has none.</summary>
    public static BsonDocument WithId(BsonDocument document)
    {
        if (!document.View.IsEmpty && document.View.First.NameIs("_id"u8))
        {
            return new BsonDocument(document.Memory.ToArray());
        }

        using var writer = new BsonWriter(document.Length + 32);
        writer.BeginDocument();
        if (document.View.TryGet("_id"u8, out var id))
        {
            writer.Element(id);
        }
        else
        {
            writer.ObjectId("_id"u8, NewObjectId());
        }

        foreach (var field in document.View)
        {
            if (!field.NameIs("_id"u8))
            {
                writer.Element(field);
            }
        }

        writer.EndDocument();
        return writer.ToDocument();
    }

    public static byte[] NewObjectId() => RandomNumberGenerator.GetBytes(12);

    /// <summary>Runs the statements of a batch, each under the lock by itself; errors end an ordered batch.</summary>
    private static BsonDocument Each(
        CommandContext context,
        string argument,
        Func<DocumentWriter, BsonDocument, int, int> statement,
        Action<BsonWriter>? more = null
    )
    {
        var ordered = !context.View.TryGet("ordered"u8, out var o) || o.ToBoolean();
        var errors = new List<(int Index, CommandFault Fault)>();
        var writer = new DocumentWriter(WriteTarget.Of(context));
        var (n, index) = (0, 0);
        foreach (var document in context.Request.Documents(argument))
        {
            try
            {
                lock (context.Engine.Gate)
                {
                    n += statement(writer, document, index);
                }
            }
            catch (CommandFault fault) when (fault.Labels.Count == 0)
            {
                errors.Add((index, fault));
                if (ordered)
                {
                    break;
                }
            }

            index++;
        }

        return context.Reply(w =>
        {
            w.Int32("n"u8, n);
            more?.Invoke(w);
            WriteErrors(w, errors);
        });
    }

    private static void WriteUpdateResult(BsonWriter w, int modified, List<(int Index, BsonDocument Id)> upserted)
    {
        w.Int32("nModified"u8, modified);
        if (upserted.Count == 0)
        {
            return;
        }

        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("upserted"u8);
        foreach (var (index, id) in upserted)
        {
            w.BeginDocument(w.ArrayItemName(scratch)).Int32("index"u8, index);
            w.Element("_id"u8, id.View.First).EndDocument();
        }

        w.EndArray();
    }

    private static void WriteErrors(BsonWriter w, List<(int Index, CommandFault Fault)> errors)
    {
        if (errors.Count == 0)
        {
            return;
        }

        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("writeErrors"u8);
        foreach (var (index, fault) in errors)
        {
            w.BeginDocument(w.ArrayItemName(scratch)).Int32("index"u8, index).Int32("code"u8, fault.Code);
            if (fault.KeyPattern is { } pattern && fault.KeyValue is { } value)
            {
                w.Document("keyPattern"u8, pattern).Document("keyValue"u8, value);
            }

            w.String("errmsg"u8, fault.Message).EndDocument();
        }

        w.EndArray();
    }
}
