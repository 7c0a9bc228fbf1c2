using System.Buffers.Binary;
using System.Text;
using Backup.MongoWire.Bson;
using Backup.Sandbox;

namespace Backup.Tests.Bench;

/// <summary>
/// Documents of about 1 KB as applications store them: names that repeat, words, numbers, dates and ids that do not. They are made from a pool that is
/// larger than any compressor's window, each with its own <c>_id</c>, so that making them costs the source next to nothing.
/// </summary>
internal static class BenchDocuments
{
    // 16 MiB: beyond the 2 MiB window of zstd 3 and the 32 KiB of gzip.
    private const int PoolSize = 16 * 1024;

    // int32 length, type, "_id\0": the value of an Int64 _id follows.
    private const int IdOffset = 9;

    private static readonly string[] Words = MakeWords();

    /// <summary>Collections of equal size, <paramref name="bytes"/> together.</summary>
    internal static IReadOnlyList<SyntheticCollection> Collections(int collections, long bytes)
    {
        var pool = Enumerable.Range(0, PoolSize).Select(Make).ToArray();
        var average = pool.Average(document => document.Length);
        var each = (long)(bytes / average / collections);
        return
        [
            // What a small one costs beside large ones.
            new SyntheticCollection("bench", "small", 1000, ordinal => WithId(pool[ordinal % PoolSize], ordinal)),
            .. Enumerable
                .Range(0, collections)
                .Select(n => new SyntheticCollection(
                    "bench",
                    $"orders{n}",
                    each,
                    ordinal => WithId(pool[(ordinal + (n * 4001)) % PoolSize], ordinal)
                )),
        ];
    }

    /// <summary>Gives one of them another <c>_id</c>.</summary>
    internal static void SetId(byte[] document, long id) =>
        BinaryPrimitives.WriteInt64LittleEndian(document.AsSpan(IdOffset), id);

    private static BsonDocument WithId(byte[] template, long id)
    {
        var bytes = (byte[])template.Clone();
        SetId(bytes, id);
        return new BsonDocument(bytes);
    }

    private static byte[] Make(int seed)
    {
        var random = new Random(seed);
        return BsonDocument
            .Build(w =>
            {
                w.Int64("_id"u8, 0)
                    .String("customer"u8, $"{Word(random)} {Word(random)}")
                    .String("email"u8, $"{Word(random)}.{random.Next(100_000)}@example.org")
                    .DateTime("ordered"u8, 1_600_000_000_000 + random.NextInt64(100_000_000_000))
                    .String("status"u8, random.Next(3) == 0 ? "shipped" : "ordered")
                    .Double("total"u8, random.Next(1_000_000) / 100.0)
                    .Binary("token"u8, Bytes(random, 96))
                    .String("note"u8, string.Join(' ', Enumerable.Range(0, 40).Select(_ => Word(random))))
                    .BeginArray("lines"u8);
                for (var line = 0; line < 4; line++)
                {
                    w.BeginDocument(Encoding.ASCII.GetBytes($"{line}"))
                        .Int32("product"u8, random.Next(50_000))
                        .Int32("quantity"u8, 1 + random.Next(9))
                        .Double("price"u8, random.Next(100_000) / 100.0)
                        .EndDocument();
                }

                w.EndArray();
            })
            .Span.ToArray();
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Word(Random random) => Words[(int)(Words.Length * Math.Pow(random.NextDouble(), 2))];

    private static string[] MakeWords()
    {
        var random = new Random(1);
        return
        [
            .. Enumerable
                .Range(0, 8000)
                .Select(_ =>
                    string.Concat(Enumerable.Range(0, 3 + random.Next(8)).Select(_ => (char)('a' + random.Next(26))))
                ),
        ];
    }
}
