using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo;

/// <summary>
/// Brings documents from one version of the schema to the next. It may be run again after it was broken off in its midst, and while a process that lost its
/// lock still runs it: it changes only what is not changed yet.
/// </summary>
/// <param name="database">With the collections of the version before; new collections and indexes are made by whoever calls.</param>
/// <param name="cancellation">The lock was lost, or nobody wants it any more.</param>
internal delegate Task MongoMigration(MongoDatabase database, CancellationToken cancellation);

/// <summary>
/// The steps between versions of the schema: the n-th leads from version n to n + 1. A step that was released never changes. A field that is new needs none: a
/// record takes what it has where nothing is given; nor does a collection that is new (<see cref="MongoOpening"/>).
/// </summary>
internal static class MongoMigrations
{
    internal static readonly IReadOnlyList<MongoMigration> Steps = [SealedUris];

    /// <summary>
    /// So many of the last steps are not taken by whoever opens a database, but by <see cref="MongoUpgrade"/>, once an administrator says that no process of the release before
    /// works on it any more. The next release takes them at its opening: it does not work beside that one.
    /// </summary>
    internal const int Waiting = 1;

    /// <summary>No document changes: from here on URIs of deployments may be sealed, and who has the key seals them.</summary>
    private static Task SealedUris(MongoDatabase database, CancellationToken cancellation) => Task.CompletedTask;
}
