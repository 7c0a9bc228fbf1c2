using System.Buffers;
using Backup.Blockstore;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>Writes memtables as runs.</summary>
internal static class MemtableFlush
{
    /// <param name="store">Receives the blocks.</param>
    /// <param name="tables">Oldest first; none is changed.</param>
    /// <param name="options">Concurrency.</param>
    /// <param name="cancellation">Stops between records.</param>
    /// <returns>Newest first.</returns>
    internal static async Task<List<RunReference>> WriteAsync(
        IBlockStore store,
        IEnumerable<Memtable> tables,
        HeadOptions options,
        CancellationToken cancellation
    )
    {
        var runs = new List<RunReference>();
        foreach (var table in tables)
        {
            await using var writer = new RunWriter(store, options.WriteConcurrency);
            var record = new ArrayBufferWriter<byte>(1024);
            foreach (var index in table.Sorted())
            {
                record.ResetWrittenCount();
                table.WriteRecord(index, record);
                await writer.AddAsync(table.KeyOf(index), record.WrittenSpan, cancellation);
            }

            if (await writer.CompleteAsync(cancellation) is { } run)
            {
                runs.Insert(0, run);
            }
        }

        return runs;
    }
}
