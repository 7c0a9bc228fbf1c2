using System.Buffers.Binary;

namespace Backup.Snapshots.Keys;

/// <summary>
/// A 64-bit hash of a key that decides where blocks end; frozen, since equal documents shall give equal blocks for ever. It holds off
/// no attacker: one who chooses `_id`s can make blocks of the smallest or largest size, no more.
/// </summary>
public static class KeyHash
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    public static ulong Of(ReadOnlySpan<byte> key)
    {
        var hash = (ulong)key.Length * Multiplier;
        for (; key.Length >= 8; key = key[8..])
        {
            hash = Step(hash, BinaryPrimitives.ReadUInt64LittleEndian(key));
        }

        var tail = 0UL;
        for (var i = key.Length - 1; i >= 0; i--)
        {
            tail = (tail << 8) | key[i];
        }

        return Finish(Step(hash, tail));
    }

    private static ulong Step(ulong hash, ulong word)
    {
        hash = (hash ^ word) * Multiplier;
        return hash ^ (hash >> 32);
    }

    /// <summary>The finisher of MurmurHash3, by Austin Appleby, in the public domain.</summary>
    private static ulong Finish(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= 0xFF51_AFD7_ED55_8CCD;
        hash ^= hash >> 33;
        hash *= 0xC4CE_B9FE_1A85_EC53;
        return hash ^ (hash >> 33);
    }
}
