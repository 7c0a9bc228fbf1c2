namespace Backup.Metadata.Secrets;

/// <summary>
/// The URI of a deployment, which may hold a password: as somebody gave it, or as the catalogue has it, sealed or not. A text becomes one by itself; the text of one
/// is told by <see cref="IDeployments.OpenUri"/> alone, so that nobody takes what is sealed for a URI, and none is printed by mistake.
/// </summary>
public sealed class DeploymentUri : IEquatable<DeploymentUri>
{
    /// <summary>No URI begins so. Frozen: it is stored.</summary>
    internal const string SealedPrefix = "sealed:";

    internal DeploymentUri(string stored) => Stored = stored;

    /// <summary>As it stands in the catalogue: a URI, or <see cref="SealedPrefix"/> and a sealed secret in Base64.</summary>
    internal string Stored { get; }

    internal bool IsSealed => Stored.StartsWith(SealedPrefix, StringComparison.Ordinal);

    public static implicit operator DeploymentUri(string uri) => FromString(uri);

    public static DeploymentUri FromString(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return new DeploymentUri(uri);
    }

    /// <summary>The same as stored: the same URI sealed twice is not.</summary>
    public bool Equals(DeploymentUri? other) => other is not null && other.Stored == Stored;

    public override bool Equals(object? obj) => Equals(obj as DeploymentUri);

    public override int GetHashCode() => Stored.GetHashCode(StringComparison.Ordinal);

    /// <summary>Nothing of it.</summary>
    public override string ToString() => IsSealed ? "(a sealed URI)" : "(a URI)";
}
