using Backup.Metadata.Secrets;

namespace Backup.Metadata.Mongo;

/// <summary>How the catalogue on MongoDB is opened.</summary>
public sealed record MongoMetadataOptions
{
    /// <summary>By which the catalogue's records are dated; the system's unless given.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// How long a call is begun again, while its transaction fails in ways that pass, before it fails: 1 s to some minutes. The default is longer than a server
    /// keeps the transaction of a process that was killed in its midst (60 s, looked at every 30 s), which keeps the others waiting.
    /// </summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Seals and opens URIs of deployments; unless given they stand as they are given.</summary>
    public UriSeal Uris { get; init; } = UriSeal.AsGiven;

    /// <summary>How long a call waits for a primary.</summary>
    public TimeSpan SelectionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a process waits for another one to bring the schema up to date.</summary>
    internal TimeSpan MigrationWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A process that holds the lock of migrations and gives no sign for that long has died.</summary>
    internal TimeSpan MigrationSilence { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>By which waits and pauses are measured.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Steps from version to version; another list in tests only.</summary>
    internal IReadOnlyList<MongoMigration> Migrations { get; init; } = MongoMigrations.Steps;

    /// <summary>How many of the last steps are not taken at the opening.</summary>
    internal int Waiting => ReferenceEquals(Migrations, MongoMigrations.Steps) ? MongoMigrations.Waiting : 0;
}
