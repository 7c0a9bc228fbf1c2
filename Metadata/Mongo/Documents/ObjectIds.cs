using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Backup.Metadata.Mongo.Documents;

/// <summary>Ids of documents that have no name of their own. Nothing is read out of them.</summary>
internal static class ObjectIds
{
    private static readonly byte[] Process = RandomNumberGenerator.GetBytes(8);
    private static int _next = RandomNumberGenerator.GetInt32(int.MaxValue);

    /// <returns>12 bytes: those of this process, and a counter.</returns>
    internal static byte[] Next()
    {
        var id = new byte[12];
        Process.CopyTo(id, 0);
        BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(8), Interlocked.Increment(ref _next));
        return id;
    }
}
