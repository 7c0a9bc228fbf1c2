using System.Security.Cryptography;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Commands;

/// <summary>insert, update, delete, findAndModify, appendOplogNote.</summary>
internal static class WriteCommands
{
    public static ValueTask<BsonDocument> InsertAsync(CommandContext context, CancellationToken cancellation) =>
        EachAsync(
            context,
            "documents",
            (write, document, statement) =>
            {
                write.Insert(write.CollectionForWrite(), document, statement);
                return new StatementResult(1);
            },
            cancellation
        );

    public static ValueTask<BsonDocument> DeleteAsync(CommandContext context, CancellationToken cancellation) =>
        EachAsync(
            context,
            "deletes",
            (write, statement, number) =>
            {
                var query = statement.View["q"u8].AsDocument.ToDocument();
                var one = statement.View.TryGet("limit"u8, out var limit) && limit.ToInt64() == 1;
                return new StatementResult(write.Delete(query, one, number));
            },
            cancellation
        );

    public static ValueTask<BsonDocument> UpdateAsync(CommandContext context, CancellationToken cancellation) =>
        EachAsync(
            context,
            "updates",
            (write, statement, number) =>
            {
                var result = write.Update(UpdateRequest.Of(statement), number);
                var count = result.Matched + (result.UpsertedId is null ? 0 : 1);
                return new StatementResult(count, result.Modified, result.UpsertedId);
            },
            cancellation,
            WriteUpdateResult
        );

    public static BsonDocument FindAndModify(CommandContext context)
    {
        lock (context.Engine.Gate)
        {
            return FindAndModifyCommand.Run(context, WriteTarget.Of(context));
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

    /// <summary>
    /// Runs the statements of a batch, each under the lock by itself and when no transaction is in its way; errors end an ordered batch. A
    /// statement that was done already and is sent again is answered only.
    /// </summary>
    private static async ValueTask<BsonDocument> EachAsync(
        CommandContext context,
        string argument,
        Func<DocumentWriter, BsonDocument, int, StatementResult> statement,
        CancellationToken cancellation,
        Action<BsonWriter, List<(int Index, StatementResult Result)>>? more = null
    )
    {
        var ordered = context.Transaction is not null || !context.View.TryGet("ordered"u8, out var o) || o.ToBoolean();
        var errors = new List<(int Index, CommandFault Fault)>();
        var done = new List<(int Index, StatementResult Result)>();
        var numbers = StatementNumbers(context);
        // A session's number that is too old refuses the command, not a statement of it.
        await Turns.RunAsync(context.Engine, () => WriteTarget.Of(context), cancellation);
        foreach (var (index, document) in context.Request.Documents(argument).Index())
        {
            try
            {
                var result = await Turns.RunAsync(
                    context.Engine,
                    () => Once(context, document, numbers is null ? index : numbers[index], statement),
                    cancellation
                );
                done.Add((index, result));
            }
            catch (Exception failure) when (CommandFault.Of(failure) is { Labels.Count: 0 } fault)
            {
                errors.Add((index, fault));
                if (ordered)
                {
                    break;
                }
            }
        }

        if (errors.Count > 0 && context.Transaction is { } failed)
        {
            lock (context.Engine.Gate)
            {
                TransactionLog.Abort(context.Engine, failed);
            }
        }

        return context.Reply(w =>
        {
            w.Int32("n"u8, done.Sum(static one => one.Result.Count));
            more?.Invoke(w, done);
            WriteErrors(w, errors, context.IsOfCluster);
        });
    }

    /// <summary>Where a router has sent only a part of a client's statements: the numbers of these.</summary>
    private static List<int>? StatementNumbers(CommandContext context)
    {
        if (!context.View.TryGet("stmtIds"u8, out var given))
        {
            return null;
        }

        var numbers = new List<int>();
        foreach (var number in given.AsDocument)
        {
            numbers.Add((int)number.ToInt64());
        }

        return numbers;
    }

    private static StatementResult Once(
        CommandContext context,
        BsonDocument document,
        int index,
        Func<DocumentWriter, BsonDocument, int, StatementResult> statement
    )
    {
        var target = WriteTarget.Of(context);
        if (target.Session is not { } session)
        {
            return statement(new DocumentWriter(target), document, index);
        }

        if (session.Statements.TryGetValue(index, out var known))
        {
            return known;
        }

        var before = session.Last;
        var result = statement(new DocumentWriter(target), document, index);
        if (session.Last != before)
        {
            session.Did(context.Engine, index, result, before);
        }

        return result;
    }

    private static void WriteUpdateResult(BsonWriter w, List<(int Index, StatementResult Result)> done)
    {
        w.Int32("nModified"u8, done.Sum(static one => one.Result.Modified));
        if (done.TrueForAll(static one => one.Result.UpsertedId is null))
        {
            return;
        }

        Span<byte> scratch = stackalloc byte[11];
        w.BeginArray("upserted"u8);
        foreach (var (index, result) in done)
        {
            if (result.UpsertedId is { } id)
            {
                w.BeginDocument(w.ArrayItemName(scratch)).Int32("index"u8, index);
                w.Element("_id"u8, id.View.First).EndDocument();
            }
        }

        w.EndArray();
    }

    /// <param name="named">As routers give errors to their clients: by name, and without the key.</param>
    private static void WriteErrors(BsonWriter w, List<(int Index, CommandFault Fault)> errors, bool named)
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
            if (named)
            {
                w.String("codeName"u8, fault.CodeName);
            }
            else if (fault.KeyPattern is { } pattern && fault.KeyValue is { } value)
            {
                w.Document("keyPattern"u8, pattern).Document("keyValue"u8, value);
            }

            w.String("errmsg"u8, fault.Message).EndDocument();
        }

        w.EndArray();
    }
}
