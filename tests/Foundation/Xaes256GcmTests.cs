using System.Security.Cryptography;
using Backup.Foundation.Secrets;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

/// <summary>Against the vectors that its specification publishes (c2sp.org/XAES-256-GCM).</summary>
public sealed class Xaes256GcmTests
{
    private const int Rounds = 10_000;

    // Of a round: key, nonce, and two times a length and up to 255 bytes.
    private const int MostOfRound = Xaes256Gcm.KeyLength + Xaes256Gcm.NonceLength + (2 * 256);

    // The first has the top bit of L clear, the second has it set.
    [Theory]
    [InlineData(0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271")]
    [InlineData(0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d")]
    public void The_vectors_of_the_specification_hold(byte keyByte, string authenticated, string expected)
    {
        var key = Enumerable.Repeat(keyByte, Xaes256Gcm.KeyLength).ToArray();
        var made = Seal(key, "ABCDEFGHIJKLMNOPQRSTUVWX"u8, "XAES-256-GCM"u8, Bytes(authenticated));
        Convert.ToHexStringLower(made).ShouldBe(expected);
    }

    [Fact]
    public void Ten_thousand_messages_of_all_lengths_add_up_to_the_published_hash()
    {
        var inputs = new Inputs(Shake128.HashData([], Rounds * MostOfRound));
        using var outputs = new Shake128();
        for (var round = 0; round < Rounds; round++)
        {
            var key = inputs.Read(Xaes256Gcm.KeyLength);
            var nonce = inputs.Read(Xaes256Gcm.NonceLength);
            var plain = Some(inputs);
            var authenticated = Some(inputs);
            var made = Seal(key, nonce, plain, authenticated);
            var opened = new byte[plain.Length];
            Xaes256Gcm
                .TryOpen(key, nonce, made.AsSpan(0, plain.Length), made.AsSpan(plain.Length), opened, authenticated)
                .ShouldBeTrue();
            opened.ShouldBe(plain);
            outputs.AppendData(made);
        }

        Convert
            .ToHexStringLower(outputs.GetHashAndReset(32))
            .ShouldBe("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
    }

    [Fact]
    public void A_changed_bit_anywhere_does_not_open_and_shows_nothing()
    {
        var key = RandomNumberGenerator.GetBytes(Xaes256Gcm.KeyLength);
        var nonce = RandomNumberGenerator.GetBytes(Xaes256Gcm.NonceLength);
        byte[] authenticated = [1, 2, 3];
        var made = Seal(key, nonce, "a secret"u8, authenticated);
        byte[][] parts = [key, nonce, made, authenticated];
        foreach (var part in parts)
        {
            for (var bit = 0; bit < part.Length * 8; bit++)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                var opened = "a secret"u8.ToArray();
                Xaes256Gcm
                    .TryOpen(key, nonce, made.AsSpan(0, 8), made.AsSpan(8), opened, authenticated)
                    .ShouldBeFalse();
                opened.ShouldBe(new byte[8]);
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Fact]
    public void It_seals_in_place_too()
    {
        var key = new byte[Xaes256Gcm.KeyLength];
        var nonce = new byte[Xaes256Gcm.NonceLength];
        var plain = RandomNumberGenerator.GetBytes(5000);
        var bytes = plain.ToArray();
        var tag = new byte[Xaes256Gcm.TagLength];
        Xaes256Gcm.Seal(key, nonce, bytes, bytes, tag, []);
        byte[] inPlace = [.. bytes, .. tag];
        inPlace.ShouldBe(Seal(key, nonce, plain, []));
    }

    private static byte[] Seal(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> plain,
        ReadOnlySpan<byte> authenticated
    )
    {
        var made = new byte[plain.Length + Xaes256Gcm.TagLength];
        Xaes256Gcm.Seal(key, nonce, plain, made.AsSpan(0, plain.Length), made.AsSpan(plain.Length), authenticated);
        return made;
    }

    private static byte[] Some(Inputs inputs) => inputs.Read(inputs.Read(1)[0]);

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private sealed class Inputs(byte[] stream)
    {
        private int _at;

        internal byte[] Read(int length)
        {
            var read = stream[_at..(_at + length)];
            _at += length;
            return read;
        }
    }
}
