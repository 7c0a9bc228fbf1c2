using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Blockstore.Packs;

namespace Backup.Tests.Bench;

/// <summary>
/// The index of a store with many blocks: how long it takes to fill it from the packs, what it takes of memory, and how many look-ups one core does.
/// The packs are real but for the blocks, of which there is only the room: an index reads the lists alone.
/// </summary>
internal static class IndexBench
{
    private const int BlocksInPack = 1000;
    private const int StoredLength = 64 * 1024;
    private const int LookUps = 3_000_000;
    private const double WantedMegabytes = 400;
    private const double WantedLookUps = 1e6;

    /// <param name="arguments"><c>[BLOCKS]</c>, 10,000,000 unless given.</param>
    /// <returns>0 where memory and look-ups meet their goals.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var blocks = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 10_000_000;
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            var packs = Path.Combine(folder, "packs");
            Directory.CreateDirectory(packs);
            for (var pack = 0; pack * BlocksInPack < blocks; pack++)
            {
                Write(Path.Combine(packs, (pack + 1).ToString("x8", CultureInfo.InvariantCulture) + ".pack"), pack);
            }

            var before = Resident();
            var watch = Stopwatch.StartNew();
            await using var store = await PackBlockStore.OpenAsync(folder);
            var filled = watch.Elapsed.TotalSeconds;
            var megabytes = (Resident() - before) / 1e6;
            Print(
                $"rebuild        {store.Statistics.Blocks:N0} blocks of {blocks / BlocksInPack:N0} packs in {filled:0.0} s, {blocks / filled:N0} a second"
            );
            Print($"memory         {megabytes:N0} MB (wanted: {WantedMegabytes:N0} or less)");
            var rate = await LookUpAsync(store, blocks);
            Print($"look-ups       {rate:N0} a second on one core (wanted: {WantedLookUps:N0} or more)");
            return megabytes <= WantedMegabytes && rate >= WantedLookUps ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> LookUpAsync(PackBlockStore store, int blocks)
    {
        var random = new Random(1);
        var ids = Enumerable.Range(0, LookUps).Select(_ => Id(random.Next(blocks))).ToArray();
        var watch = Stopwatch.StartNew();
        foreach (var id in ids)
        {
            if (!await store.ContainsAsync(id))
            {
                throw new InvalidOperationException($"{id} is not found");
            }
        }

        return LookUps / watch.Elapsed.TotalSeconds;
    }

    private static void Write(string path, int pack)
    {
        var entries = Enumerable
            .Range(0, BlocksInPack)
            .Select(n => new PackEntry(
                Id((pack * BlocksInPack) + n),
                PackFormat.HeaderLength + ((long)n * StoredLength),
                StoredLength,
                2 * StoredLength
            ));
        using var file = File.Create(path);
        file.Write(PackFormat.Header());
        file.Position = PackFormat.HeaderLength + ((long)BlocksInPack * StoredLength);
        file.Write(PackFormat.Footer([.. entries]));
    }

    private static BlockId Id(int n)
    {
        Span<byte> bytes = stackalloc byte[BlockId.Length];
        SHA256.HashData(BitConverter.GetBytes(n), bytes);
        return new BlockId(bytes);
    }

    private static long Resident()
    {
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
