using System.Diagnostics;
using System.Security.Cryptography;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Compression;

namespace Backup.Tests.Bench;

/// <summary>
/// The write path on unique data (hash, zstd 3, verification, pack, index, fsync) beside zstd 3 alone with the same number of
/// threads on the same data, in alternating rounds of one run. At least 0.75 is wanted of hash, zstd 3, pack and index; the store decodes on
/// top of that what it has encoded, before it keeps it. What that costs is measured by itself, and both ratios are told. In the same rounds the same
/// data is put sealed, which is opened again before it is kept, too.
/// </summary>
internal static class BlockstoreWrite
{
    private const int BlockBytes = 256 * 1024;
    private const int Blocks = 1024;
    private const int Rounds = 3;

    internal static async Task<int> RunAsync()
    {
        var threads = Environment.ProcessorCount;
        var data = Enumerable.Range(0, Blocks).Select(Documents).ToArray();
        var most = new Spent(double.MaxValue, double.MaxValue);
        var best = (Alone: most, Store: most, Decoding: most, Sealed: most);
        var (secret, ids) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
        var key = new SealingKey(KeyId.New(), "bench", 1, secret, ids);
        var frames = data.Select(Frame).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            var alone = Time(() => InParallel(threads, data, CompressAlone));
            var decoding = Time(() => InParallel(threads, frames, DecodeAlone));
            var written = await WriteAsync(threads, data, BlockSealer.Plain);
            var sealedOnes = await WriteAsync(threads, data, new BlockSealer(key));
            best = (
                best.Alone.Least(alone),
                best.Store.Least(written),
                best.Decoding.Least(decoding),
                best.Sealed.Least(sealedOnes)
            );
        }

        const double mib = (double)Blocks * BlockBytes / (1 << 20);
        Console.WriteLine($"threads        {threads}");
        Console.WriteLine($"zstd 3 alone   {mib / best.Alone.Seconds:0} MiB/s");
        Console.WriteLine($"block store    {mib / best.Store.Seconds:0} MiB/s");
        var (clock, processor) = (
            best.Alone.Seconds / (best.Store.Seconds - best.Decoding.Seconds),
            best.Alone.Processor / (best.Store.Processor - best.Decoding.Processor)
        );
        Console.WriteLine($"ratio          {clock:0.00} (wanted: 0.75 or more), processor time {processor:0.00}");
        Console.WriteLine(
            $"with decoding  {best.Alone.Seconds / best.Store.Seconds:0.00}, processor time {best.Alone.Processor / best.Store.Processor:0.00}"
        );
        Console.WriteLine($"sealed         {mib / best.Sealed.Seconds:0} MiB/s");
        Console.WriteLine(
            $"sealed/plain   {best.Store.Seconds / best.Sealed.Seconds:0.00}, processor time {best.Store.Processor / best.Sealed.Processor:0.00}"
        );
        return clock >= 0.75 ? 0 : 1;
    }

    private static async Task<Spent> WriteAsync(int threads, byte[][] data, BlockSealer sealer)
    {
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            await using var store = await PackBlockStore.OpenAsync(folder);
            return Time(() =>
            {
                InParallel(threads, data, block => store.PutAsync(block, sealer).AsTask().GetAwaiter().GetResult());
                store.FlushAsync().GetAwaiter().GetResult();
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Wall-clock time, and processor time, which says the same on a machine that others use too.
    private static Spent Time(Action work)
    {
        var processor = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        work();
        return new Spent(watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    private readonly record struct Spent(double Seconds, double Processor)
    {
        internal Spent Least(Spent other) =>
            new(Math.Min(Seconds, other.Seconds), Math.Min(Processor, other.Processor));
    }

    private static void InParallel(int threads, byte[][] data, Action<byte[]> each)
    {
        var next = -1;
        var workers = Enumerable
            .Range(0, threads)
            .Select(_ => new Thread(() =>
            {
                for (int n; (n = Interlocked.Increment(ref next)) < data.Length; )
                {
                    each(data[n]);
                }
            }))
            .ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
    }

    [ThreadStatic]
    private static byte[]? _scratch;

    private static void CompressAlone(byte[] block)
    {
        _scratch ??= new byte[Zstd.MaxCompressedLength(BlockBytes)];
        Zstd.Compress(block, _scratch);
    }

    [ThreadStatic]
    private static byte[]? _decoded;

    private static byte[] Frame(byte[] block)
    {
        var frame = new byte[Zstd.MaxCompressedLength(BlockBytes)];
        return frame[..Zstd.Compress(block, frame)];
    }

    private static void DecodeAlone(byte[] frame)
    {
        _decoded ??= new byte[BlockBytes];
        Zstd.Decompress(frame, _decoded);
    }

    // Like documents: repeated field names, words of a small vocabulary, random ids and numbers.
    private static byte[] Documents(int seed)
    {
        var random = new Random(seed);
        var block = new byte[BlockBytes];
        var at = 0;
        while (at < block.Length)
        {
            var text = System.Text.Encoding.ASCII.GetBytes(
                $"_id\0{random.NextInt64():x16}\0customer\0name{random.Next(5000)}\0status\0{(random.Next(3) == 0 ? "shipped" : "ordered")}"
                    + $"\0price\0{random.NextDouble():R}\0note\0{Word(random)} {Word(random)} {Word(random)}\0"
            );
            var length = Math.Min(text.Length, block.Length - at);
            text.AsSpan(0, length).CopyTo(block.AsSpan(at));
            at += length;
        }

        return block;
    }

    private static string Word(Random random) => ((random.Next(2000) * 2654435761L) % 100_000_007).ToString("x");
}
