using System.Globalization;
using static Backup.Tests.EndToEnd.Writes.WriteContext;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>
/// Transactions as a shard sees them: prepared, decided a while later, committed at a time before the entry that says so. A replica set's server
/// takes none; the sandbox does.
/// </summary>
internal sealed class PreparedWrites
{
    private readonly WriteContext _context;
    private readonly Guid _session = Guid.NewGuid();
    private long _number;

    internal PreparedWrites(WriteContext context)
    {
        _context = context;
        Kinds =
        [
            new("prepared and committed", 3, () => PrepareAsync("commitTransaction")),
            new("prepared and aborted", 2, () => PrepareAsync("abortTransaction")),
        ];
    }

    internal IReadOnlyList<WriteKind> Kinds { get; }

    private async Task PrepareAsync(string end)
    {
        var transaction = new Transaction(_context.Source, _session, ++_number);
        foreach (var database in new[] { Live, Bank })
        {
            await transaction.RunAsync(
                database,
                $$$"""{"insert":"{{{Ledger}}}","documents":[{"_id":{{{_context.NextId()}}},"prepared":1},{"_id":{{{_context.NextId()}}}}]}"""
            );
        }

        await transaction.RunAsync(
            Live,
            $$$"""{"update":"{{{Busy}}}","updates":[{"q":{"_id":{{{_context.Known()}}}},"u":{"$set":{"prepared":{{{_number}}} } }}]}"""
        );
        var prepared = await transaction.EndAsync("prepareTransaction");
        var at = prepared.View["prepareTimestamp"u8].AsTimestamp;

        // Others write meanwhile; the decision may be of any time from the prepare on.
        for (var i = _context.Random.Next(60); i > 0; i--)
        {
            var inserted = await _context.Source.RunAsync(
                Live,
                $$$"""{"insert":"{{{Busy}}}","documents":[{"_id":{{{_context.NextId()}}}}]}"""
            );
            at = _context.Random.Next(20) == 0 ? inserted.View["operationTime"u8].AsTimestamp : at;
            await Task.Delay(_context.Random.Next(8));
        }

        var commit = string.Create(
            CultureInfo.InvariantCulture,
            $$$""","commitTimestamp":{"$timestamp":{"t":{{{at >> 32}}},"i":{{{at & uint.MaxValue}}} } }"""
        );
        await transaction.EndAsync(end, end == "commitTransaction" ? commit : "");
    }
}
