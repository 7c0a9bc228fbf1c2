using System.Security.Cryptography;
using Backup.Foundation.Compression;
using Backup.Foundation.Errors;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public class ZstdTests
{
    [Fact]
    public void What_was_compressed_comes_back() =>
        Prop.ForAll<byte[]>(raw => Decompressed(Compressed(raw), raw.Length).ShouldBe(raw)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(19)]
    public void Every_level_gives_frames_that_read_back(int level)
    {
        var raw = Repetitive(1 << 20);
        var frame = Compressed(raw, level);
        frame.Length.ShouldBeLessThan(raw.Length / 10);
        Decompressed(frame, raw.Length).ShouldBe(raw);
    }

    [Fact]
    public void A_random_megabyte_fits_the_announced_bound()
    {
        var raw = RandomNumberGenerator.GetBytes(1 << 20);
        Decompressed(Compressed(raw), raw.Length).ShouldBe(raw);
    }

    [Fact]
    public void A_destination_that_is_too_small_is_an_error() =>
        Failing(() => Zstd.Compress(RandomNumberGenerator.GetBytes(1000), new byte[100]));

    [Fact]
    public void A_frame_cut_anywhere_is_an_error()
    {
        var raw = Repetitive(5000);
        var frame = Compressed(raw);
        for (var length = 0; length < frame.Length; length++)
        {
            var cut = frame[..length];
            Failing(() => Decompressed(cut, raw.Length));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_frame_of_another_length_than_announced_is_an_error(int difference)
    {
        var raw = Repetitive(5000);
        var frame = Compressed(raw);
        Failing(() => Decompressed(frame, raw.Length + difference));
    }

    [Fact]
    public void A_flipped_bit_is_an_error_or_other_bytes_but_never_a_crash()
    {
        var raw = Repetitive(5000);
        var frame = Compressed(raw);
        var refused = 0;
        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            var damaged = (byte[])frame.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Decompressed(damaged, raw.Length).Length.ShouldBe(raw.Length);
            }
            catch (BackupException error)
            {
                error.Number.ShouldBe(FoundationErrors.ZstdFailed);
                refused++;
            }
        }

        refused.ShouldBeGreaterThan(0);
        // A damaged frame must not spoil the pooled context for the next caller.
        Decompressed(frame, raw.Length).ShouldBe(raw);
    }

    [Fact]
    public void Many_threads_share_the_contexts() =>
        Parallel.For(
            0,
            64,
            seed =>
            {
                var raw = new byte[10_000 + seed];
                new Random(seed).NextBytes(raw.AsSpan(0, 500));
                Decompressed(Compressed(raw), raw.Length).ShouldBe(raw);
            }
        );

    private static byte[] Compressed(byte[] raw, int level = Zstd.DefaultLevel)
    {
        var frame = new byte[Zstd.MaxCompressedLength(raw.Length)];
        return frame[..Zstd.Compress(raw, frame, level)];
    }

    private static byte[] Decompressed(byte[] frame, int length)
    {
        var raw = new byte[length];
        Zstd.Decompress(frame, raw);
        return raw;
    }

    private static void Failing(Action action) =>
        Should.Throw<BackupException>(action).Number.ShouldBe(FoundationErrors.ZstdFailed);

    private static byte[] Repetitive(int length)
    {
        var raw = new byte[length];
        for (var i = 0; i < length; i++)
        {
            raw[i] = (byte)(i % 100 < 90 ? i % 10 : i / 100);
        }

        return raw;
    }
}
