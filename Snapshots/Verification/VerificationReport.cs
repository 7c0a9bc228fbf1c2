namespace Backup.Snapshots.Verification;

/// <param name="Namespace">For example <c>shop.orders</c>.</param>
/// <param name="Documents">How many.</param>
/// <param name="Bytes">Their BSON bytes.</param>
/// <param name="Md5">32 hex digits, as the server's <c>dbHash</c> gives it.</param>
public sealed record VerifiedCollection(string Namespace, long Documents, long Bytes, string Md5);

/// <param name="Name">The database.</param>
/// <param name="Md5">32 hex digits, as the server's <c>dbHash</c> gives it.</param>
/// <param name="Collections">By name.</param>
public sealed record VerifiedDatabase(string Name, string Md5, IReadOnlyList<VerifiedCollection> Collections);

/// <param name="Databases">By name.</param>
/// <param name="Documents">How many of the users' (see <see cref="Exports.UserData"/>), as a snapshot and a restore count them.</param>
/// <param name="Bytes">Their BSON bytes.</param>
/// <param name="Sha256">64 hex digits: over every namespace (UTF-8, zero byte) and its documents, in order.</param>
public sealed record VerificationReport(
    IReadOnlyList<VerifiedDatabase> Databases,
    long Documents,
    long Bytes,
    string Sha256
)
{
    /// <summary>
    /// Namespaces of collections with a collation of their own: the server's <c>dbHash</c> takes their documents in the collation's order, which
    /// is its own secret, so that their MD5 and their database's cannot be held against it.
    /// </summary>
    public IReadOnlyList<string> Collated { get; init; } = [];
}
