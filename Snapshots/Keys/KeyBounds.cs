namespace Backup.Snapshots.Keys;

/// <summary>
/// Keys in an index are bounds, at most 1,024 bytes: a longer first key is cut (it sorts before), a longer last key is cut and raised
/// by one (it sorts behind). So an `_id` of megabytes costs an index no more than any other.
/// </summary>
public static class KeyBounds
{
    public const int MaxLength = 1024;

    /// <summary>At most the key.</summary>
    public static byte[] Lower(ReadOnlySpan<byte> key) => key[..Math.Min(key.Length, MaxLength)].ToArray();

    /// <summary>At least the key.</summary>
    public static byte[] Upper(ReadOnlySpan<byte> key)
    {
        if (key.Length <= MaxLength)
        {
            return key.ToArray();
        }

        // No key starts with 0xFF (MaxKey is 240), so there is always a byte to raise.
        var last = key[..MaxLength].LastIndexOfAnyExcept((byte)0xFF);
        var bound = key[..(last + 1)].ToArray();
        bound[last]++;
        return bound;
    }
}
