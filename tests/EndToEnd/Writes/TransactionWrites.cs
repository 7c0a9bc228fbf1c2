using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using static Backup.Tests.EndToEnd.Writes.WriteContext;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>Transactions over several collections and databases: committed, aborted, given up, interleaved, larger than one oplog entry.</summary>
internal sealed class TransactionWrites
{
    private readonly WriteContext _context;
    private readonly DocumentWrites _documents;
    private readonly Guid[] _sessions = [Guid.NewGuid(), Guid.NewGuid()];
    private readonly long[] _numbers = [0, 0];

    internal TransactionWrites(WriteContext context)
    {
        _context = context;
        _documents = new DocumentWrites(context);
        Kinds =
        [
            new("transaction committed", 8, () => AloneAsync("commitTransaction")),
            new("transaction aborted", 3, () => AloneAsync("abortTransaction")),
            new("transaction given up", 1, () => AloneAsync(null)),
            new("transactions interleaved", 2, InterleavedAsync),
            new("large transaction committed", 1, () => LargeAsync("commitTransaction")),
            new("large transaction aborted", 1, () => LargeAsync("abortTransaction")),
        ];
    }

    internal IReadOnlyList<WriteKind> Kinds { get; }

    private Transaction Begin(int session) => new(_context.Source, _sessions[session], ++_numbers[session]);

    /// <param name="end">The command that ends it; null: nothing does, until the session's next transaction begins.</param>
    private async Task AloneAsync(string? end)
    {
        var transaction = Begin(0);
        try
        {
            for (var i = _context.Random.Next(1, 5); i > 0; i--)
            {
                await StepAsync(transaction);
                if (_context.Random.Next(3) == 0)
                {
                    await _context.InsertAsync(Live, Busy, 100);
                }
            }

            await LedgerAsync(transaction, Bank);
        }
        catch (CommandException)
        {
            // An error inside a transaction ends it on the server.
            await transaction.EndedAsync();
            throw;
        }

        if (end is not null)
        {
            await transaction.EndAsync(end);
        }
        else
        {
            // The session's next one ends it, before anything else is written that would have to wait for it.
            await AloneAsync("commitTransaction");
        }
    }

    private async Task InterleavedAsync()
    {
        var (first, second) = (Begin(0), Begin(1));
        for (var i = 0; i < 4; i++)
        {
            await LedgerAsync(i % 2 == 0 ? first : second, i < 2 ? Live : Bank);
            await _context.InsertAsync(Live, Busy, 50);
        }

        await second.EndAsync(_context.Random.Next(3) == 0 ? "abortTransaction" : "commitTransaction");
        await _context.InsertAsync(Live, Busy, 50);
        await first.EndAsync("commitTransaction");
    }

    /// <summary>On a real server more than the 16 MB that one oplog entry can hold; the sandbox, all in memory, can be told to hold less in one.</summary>
    private async Task LargeAsync(string end)
    {
        var transaction = Begin(0);
        for (var i = 0; i < 5; i++)
        {
            var document = Large(_context.NextId());
            await transaction.RunAsync(
                Live,
                BsonDocument.Build(w =>
                    w.String("insert"u8, "huge").BeginArray("documents"u8).Document("0"u8, document).EndArray()
                )
            );
        }

        await LedgerAsync(transaction, Bank);
        await transaction.EndAsync(end);
        await _context.Source.RunAsync(Live, """{"delete":"huge","deletes":[{"q":{},"limit":1}]}""");
        await _context.Source.RunAsync(
            Live,
            """{"update":"huge","updates":[{"q":{},"u":{"$unset":{"pad":1}},"multi":true}]}"""
        );
    }

    private BsonDocument Large(int id)
    {
        var pad = new byte[_context.Source.IsReal ? 4_200_000 : 100_000];
        _context.Random.NextBytes(pad.AsSpan(0, 10_000));
        return BsonDocument.Build(w => w.Int32("_id"u8, id).Binary("pad"u8, pad));
    }

    private async Task StepAsync(Transaction transaction)
    {
        switch (_context.Random.Next(8))
        {
            case < 4:
                await transaction.RunAsync(Live, _documents.AnyUpdate());
                break;
            case 4:
                await transaction.RunAsync(
                    Live,
                    $$$"""{"insert":"{{{Busy}}}","documents":[{"_id":{{{_context.NextId()}}} }]}"""
                );
                break;
            case 5:
                await transaction.RunAsync(
                    Live,
                    $$$"""{"delete":"{{{Busy}}}","deletes":[{"q":{"_id":{{{_context.Known()}}} },"limit":1}]}"""
                );
                break;
            case 6:
                await transaction.RunAsync(
                    Live,
                    $$$"""{"findAndModify":"{{{Busy}}}","query":{"_id":{{{_context.Known()}}} },"update":{"$inc":{"n":1} } }"""
                );
                break;
            default:
                await LedgerAsync(transaction, Live);
                break;
        }
    }

    private Task LedgerAsync(Transaction transaction, string database) =>
        transaction.RunAsync(
            database,
            $$$"""{"insert":"{{{Ledger}}}","documents":[{"_id":{{{_context.NextId()}}},"n":1},{"_id":{{{_context.NextId()}}} }]}"""
        );
}
