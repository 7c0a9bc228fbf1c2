using System.Buffers.Binary;
using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>The index against a dictionary.</summary>
public sealed class IndexTests
{
    [Theory]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(2, 0xFFFFFFFFFFUL)] // all at the lowest places
    [InlineData(3, 3UL)] // few different beginnings
    public void A_shard_does_what_a_dictionary_does(int seed, ulong mask)
    {
        var random = new Random(seed);
        using var shard = new IndexShard();
        var model = new Dictionary<(ulong High, ulong Low), BlockLocation>();
        List<(ulong High, ulong Low)> keys =
        [
            .. Enumerable.Range(0, 3000).Select(_ => ((ulong)random.NextInt64() & mask, (ulong)random.Next(5))),
            (0, 0),
            (ulong.MaxValue, ulong.MaxValue),
        ];
        for (var step = 0; step < 30_000; step++)
        {
            var key = keys[random.Next(keys.Count)];
            // It fills, and it empties again.
            if (random.Next(100) < (step / 5000 % 2 == 0 ? 75 : 25))
            {
                var place = new BlockLocation(
                    random.Next(1, int.MaxValue),
                    random.Next(),
                    random.NextInt64(uint.MaxValue)
                );
                model[key] = place;
                shard.Set(key.High, key.Low, place);
            }
            else
            {
                model.Remove(key);
                shard.Remove(key.High, key.Low);
            }

            var asked = keys[random.Next(keys.Count)];
            shard.TryFind(asked.High, asked.Low, out var found).ShouldBe(model.TryGetValue(asked, out var wanted));
            found.ShouldBe(wanted);
        }

        ShouldBe(shard, model);
        var slots = new IndexSlot[shard.Count];
        shard.CopyTo(slots);
        using var filled = new IndexShard(slots);
        ShouldBe(filled, model);
    }

    [Fact]
    public void Ids_at_the_very_end_are_pushed_over_it_and_found()
    {
        using var shard = new IndexShard();
        for (ulong n = 0; n < 5000; n++)
        {
            shard.Set(ulong.MaxValue, n, new BlockLocation(1, 1, (long)n));
        }

        for (ulong n = 0; n < 5000; n++)
        {
            shard.TryFind(ulong.MaxValue, n, out var found).ShouldBeTrue();
            found.Offset.ShouldBe((long)n);
        }

        shard.TryFind(ulong.MaxValue, 5000, out _).ShouldBeFalse();
    }

    [Fact]
    public void An_index_that_was_written_down_is_read_again()
    {
        using var folder = new TemporaryFolder();
        using var index = new BlockIndex();
        var ids = Enumerable.Range(0, 20_000).Select(n => BlockId.Of(BitConverter.GetBytes(n))).ToList();
        for (var n = 0; n < ids.Count; n++)
        {
            index.Set(ids[n], new BlockLocation(n + 1, n + 100, n * 70_000L));
        }

        foreach (var id in ids.Take(7))
        {
            index.Remove(id);
        }

        index.Write(folder.Path);
        using var read = BlockIndex.Read(folder.Path);
        read.Count.ShouldBe(ids.Count - 7);
        for (var n = 0; n < ids.Count; n++)
        {
            read.TryFind(ids[n], out var place).ShouldBe(n >= 7);
            place.ShouldBe(n < 7 ? default : new BlockLocation(n + 1, n + 100, n * 70_000L));
        }
    }

    [Fact]
    public void The_bytes_of_a_slot_are_what_the_manual_says()
    {
        using var folder = new TemporaryFolder();
        using var index = new BlockIndex();
        byte[] id = [.. Enumerable.Range(0, BlockId.Length).Select(static n => (byte)n)];
        index.Set(new BlockId(id), new BlockLocation(7, 8, 0xFFFF_FFFE));
        index.Write(folder.Path);
        var bytes = File.ReadAllBytes(Path.Combine(folder.Path, BlockIndex.FileName)).AsSpan();
        bytes.Length.ShouldBe((256 * 4) + IndexSlot.Length);
        BinaryPrimitives.ReadInt32LittleEndian(bytes).ShouldBe(1);
        var slot = bytes[4..];
        BinaryPrimitives.ReadUInt64LittleEndian(slot).ShouldBe(0x0102030405060708UL);
        BinaryPrimitives.ReadUInt64LittleEndian(slot[8..]).ShouldBe(0x090A0B0C0D0E0F10UL);
        BinaryPrimitives.ReadInt32LittleEndian(slot[16..]).ShouldBe(7);
        BinaryPrimitives.ReadInt32LittleEndian(slot[20..]).ShouldBe(8);
        BinaryPrimitives.ReadUInt32LittleEndian(slot[24..]).ShouldBe(0xFFFF_FFFE);
    }

    private static void ShouldBe(IndexShard shard, Dictionary<(ulong High, ulong Low), BlockLocation> model)
    {
        shard.Count.ShouldBe(model.Count);
        foreach (var (key, place) in model)
        {
            shard.TryFind(key.High, key.Low, out var found).ShouldBeTrue();
            found.ShouldBe(place);
        }
    }
}
