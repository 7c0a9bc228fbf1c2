using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>A multi-document transaction, spoken by hand as a driver speaks it.</summary>
internal sealed class Transaction(TestSource source, Guid session, long number)
{
    private const int NoSuchTransaction = 251;

    private bool _started;

    internal async Task RunAsync(string database, BsonDocument command)
    {
        var first = !_started;
        _started = true;
        await source.RunAsync(database, Within(command, first));
    }

    internal Task RunAsync(string database, string command) => RunAsync(database, ExtendedJson.Parse(command));

    /// <param name="how">The command that ends or prepares it.</param>
    /// <param name="more">Fields of it, each with a comma before it.</param>
    internal Task<BsonDocument> EndAsync(string how, string more = "") =>
        source.RunAsync("admin", Within(ExtendedJson.Parse($$$"""{"{{{how}}}":1{{{more}}}}"""), first: false));

    /// <summary>After an error: makes sure that the server has ended it.</summary>
    internal async Task EndedAsync()
    {
        try
        {
            await EndAsync("abortTransaction");
        }
        catch (CommandException gone) when (gone.ServerCode == NoSuchTransaction)
        {
            // As it should be.
        }
    }

    /// <summary>A command of a session: a retryable write.</summary>
    internal static BsonDocument InSession(BsonDocument command, Guid session, long number) =>
        BsonDocument.Build(w => Session(w, command, session, number));

    private BsonDocument Within(BsonDocument command, bool first) =>
        BsonDocument.Build(w =>
        {
            Session(w, command, session, number);
            w.Boolean("autocommit"u8, false);
            if (first)
            {
                w.Boolean("startTransaction"u8, true);
            }
        });

    private static void Session(BsonWriter w, BsonDocument command, Guid session, long number)
    {
        foreach (var field in command.View)
        {
            w.Element(field);
        }

        w.BeginDocument("lsid"u8).Uuid("id"u8, session).EndDocument().Int64("txnNumber"u8, number);
    }
}
