using Backup.Cli.Api;

namespace Backup.Cli.Appliance;

/// <summary>Which appliance a command is for, as it was typed: the one of a data folder on this host, or one on another host.</summary>
/// <param name="Data">The value of --data.</param>
/// <param name="Server">The value of --server.</param>
/// <param name="TokenFile">The value of --token-file.</param>
/// <param name="CaFile">The value of --ca-file.</param>
internal sealed record ApplianceChoice(string? Data, string? Server, string? TokenFile, string? CaFile)
{
    /// <summary>Environment variables, for what is not typed.</summary>
    internal const string ServerVariable = "BACKUP_SERVER";
    internal const string TokenFileVariable = "BACKUP_TOKEN_FILE";
    internal const string CaFileVariable = "BACKUP_CA_FILE";

    /// <summary>Null where it is one on this host: a folder that is typed counts before a server that is not.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9501 both are typed, 9603 to 9605 the server cannot be asked with what is given.</exception>
    internal RemoteAddress? Remote()
    {
        if (Server is null && (TokenFile ?? CaFile) is not null && Variable(ServerVariable) is null)
        {
            throw CliErrors.Argument(
                "--token-file and --ca-file are for an appliance on another host.",
                "Name it with --server https://HOST:PORT."
            );
        }

        if (Data is not null && Server is not null)
        {
            throw CliErrors.Argument(
                "--data names an appliance on this host, --server one on another.",
                "Give one of them."
            );
        }

        var server = Server ?? (Data is null ? Variable(ServerVariable) : null);
        return server is null
            ? null
            : RemoteAddress.Read(server, TokenFile ?? Variable(TokenFileVariable), CaFile ?? Variable(CaFileVariable));
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
