using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Keys;

/// <summary>A range of keys as <see cref="DocumentKey"/> writes them, both ends in it; null: no bound. The default is all there is.</summary>
/// <param name="From">The lowest.</param>
/// <param name="To">The highest.</param>
public readonly record struct KeyRange(byte[]? From, byte[]? To)
{
    /// <summary>One `_id` alone.</summary>
    public static KeyRange Of(BsonElement id) => Of(Key(id));

    /// <summary>One key alone.</summary>
    public static KeyRange Of(byte[] key) => new(key, key);

    /// <summary>The key of an `_id`, as a bound.</summary>
    public static byte[] Key(BsonElement id)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>(32);
        DocumentKey.Write(id, output);
        return output.WrittenSpan.ToArray();
    }

    internal bool IsBefore(ReadOnlySpan<byte> key) => From is not null && key.SequenceCompareTo(From) < 0;

    internal bool IsBehind(ReadOnlySpan<byte> key) => To is not null && key.SequenceCompareTo(To) > 0;
}
