using Backup.Metadata;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Appliance;

/// <summary>Makes a deployment out of the URI that a user gave: checked, and with a name of its own.</summary>
internal static class DeploymentNaming
{
    private const int LongestName = 64;

    /// <summary>Stores it, or gives the one that has this URI, protected again where it was removed.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI; 9501 with the name.</exception>
    internal static async Task<Deployment> EnsureAsync(
        IMetadataStore metadata,
        string groupId,
        string uri,
        DateTimeOffset now,
        CancellationToken cancellation,
        Foundation.NamespaceFilter? namespaces = null,
        string? name = null
    )
    {
        var known = await metadata.Deployments.ListAsync(cancellation);
        var others = known
            .Where(one => !DeploymentAddresses.IsAt(metadata, one, uri))
            .Select(static one => one.Name)
            .ToHashSet(StringComparer.Ordinal);
        var made = New(groupId, uri, others, now);
        if (name is not null)
        {
            CheckName(name, others);
            made = made with { Name = name };
        }

        return await metadata.Deployments.EnsureAsync(
            made with
            {
                Namespaces = namespaces ?? Foundation.NamespaceFilter.Everything,
            },
            cancellation
        );
    }

    /// <param name="groupId">Whose it is.</param>
    /// <param name="uri">Where it is.</param>
    /// <param name="others">Names of deployments of other URIs.</param>
    /// <param name="now">When it was asked for.</param>
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI.</exception>
    internal static Deployment New(string groupId, string uri, IReadOnlySet<string> others, DateTimeOffset now)
    {
        var parsed = ConnectionString.Parse(uri);
        var wanted = parsed.Options.ReplicaSet ?? parsed.Hosts[0].Host;
        var name = wanted;
        for (var i = 2; others.Contains(name); i++)
        {
            name = $"{wanted}-{i}";
        }

        return new Deployment(Guid.CreateVersion7(now).ToString(), groupId, name, "replicaSet", uri, now);
    }

    private static void CheckName(string name, HashSet<string> others)
    {
        if (
            name.Length is 0 or > LongestName
            || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        )
        {
            throw CliErrors.Argument(
                $"'{name}' is no name of a deployment.",
                $"It has 1 to {LongestName} letters, digits, '-', '_' and '.'."
            );
        }

        if (others.Contains(name))
        {
            throw CliErrors.Argument($"There is a deployment '{name}' already.", "Choose another name.");
        }
    }
}
