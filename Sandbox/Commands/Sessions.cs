using System.Security.Cryptography;
using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Commands;

/// <summary>Logical sessions as the oplog names them.</summary>
internal static class Sessions
{
    /// <summary><c>{id, uid}</c>: the client's id and the SHA-256 of who it is (of nobody: of nothing).</summary>
    public static BsonDocument Identify(BsonDocument lsid, byte[] userDigest)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().Element(lsid.View["id"u8]).Binary("uid"u8, userDigest).EndDocument();
        return writer.ToDocument();
    }

    /// <param name="user">As <c>name@database</c>; empty for nobody.</param>
    public static byte[] Digest(string user) => SHA256.HashData(Encoding.UTF8.GetBytes(user));
}
