using System.Security.Cryptography;

namespace Backup.Foundation.Secrets;

/// <summary>
/// XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM with a nonce of 24 bytes. Half of it makes a key of its own for each message (NIST SP 800-108,
/// counter mode with CMAC), the other half is the nonce under that key. So nonces may be random, for 2^80 messages under one key; with the 12 bytes
/// of AES-256-GCM alone that would end at 2^32. Thread-safe; nothing is kept.
/// </summary>
public static class Xaes256Gcm
{
    public const int KeyLength = 32;
    public const int NonceLength = 24;
    public const int TagLength = 16;

    private const int BlockLength = 16;
    private const int GcmNonceLength = 12;

    // Of the key derivation: the counter's place, the label, and what a doubling beyond the top bit adds.
    private const int CounterAt = 1;
    private const int LabelAt = 2;
    private const int ContextAt = 4;
    private const byte Label = (byte)'X';
    private const byte Polynomial = 0x87;

    /// <param name="key">32 bytes.</param>
    /// <param name="nonce">24 bytes, random, never used before under this key.</param>
    /// <param name="plain">What is sealed.</param>
    /// <param name="sealedTo">As long; may be the same memory as <paramref name="plain"/>.</param>
    /// <param name="tag">16 bytes, written.</param>
    /// <param name="authenticated">Not sealed, but the same is wanted to open it.</param>
    public static void Seal(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> plain,
        Span<byte> sealedTo,
        Span<byte> tag,
        ReadOnlySpan<byte> authenticated
    )
    {
        Span<byte> derived = stackalloc byte[KeyLength];
        Derive(key, nonce, derived);
        using var cipher = new AesGcm(derived, TagLength);
        CryptographicOperations.ZeroMemory(derived);
        cipher.Encrypt(nonce[^GcmNonceLength..], plain, sealedTo, tag, authenticated);
    }

    /// <returns>False where anything differs from what was sealed; <paramref name="plain"/> is cleared then.</returns>
    public static bool TryOpen(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> sealedBytes,
        ReadOnlySpan<byte> tag,
        Span<byte> plain,
        ReadOnlySpan<byte> authenticated
    )
    {
        Span<byte> derived = stackalloc byte[KeyLength];
        Derive(key, nonce, derived);
        using var cipher = new AesGcm(derived, TagLength);
        CryptographicOperations.ZeroMemory(derived);
        try
        {
            cipher.Decrypt(nonce[^GcmNonceLength..], sealedBytes, tag, plain, authenticated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            plain.Clear();
            return false;
        }
    }

    private static void Derive(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, Span<byte> derived)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength, nameof(key));
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceLength, nameof(nonce));
        using var aes = Aes.Create();
        aes.SetKey(key);
        Span<byte> mask = stackalloc byte[BlockLength];
        mask.Clear();
        aes.EncryptEcb(mask, mask, PaddingMode.None);
        Double(mask);
        // Two blocks of counter, label, a zero and the nonce's first half; they are whole blocks, so CMAC is one encryption of each.
        Span<byte> blocks = stackalloc byte[2 * BlockLength];
        blocks.Clear();
        for (var n = 0; n < 2; n++)
        {
            var block = blocks.Slice(n * BlockLength, BlockLength);
            block[CounterAt] = (byte)(n + 1);
            block[LabelAt] = Label;
            nonce[..(NonceLength - GcmNonceLength)].CopyTo(block[ContextAt..]);
            for (var at = 0; at < BlockLength; at++)
            {
                block[at] ^= mask[at];
            }
        }

        aes.EncryptEcb(blocks, derived, PaddingMode.None);
        CryptographicOperations.ZeroMemory(mask);
        CryptographicOperations.ZeroMemory(blocks);
    }

    /// <summary>The subkey of CMAC: times x in the field of 2^128.</summary>
    private static void Double(Span<byte> block)
    {
        var carry = block[0] >> 7;
        for (var at = 0; at < BlockLength - 1; at++)
        {
            block[at] = (byte)((block[at] << 1) | (block[at + 1] >> 7));
        }

        block[^1] = (byte)((block[^1] << 1) ^ (-carry & Polynomial));
    }
}
