using System.CommandLine;
using Backup.Agent.Configuration;
using Backup.Agent.Server;

namespace Backup.Agent.Commands;

/// <summary><c>backup-agent enroll</c>: makes this host known to a server.</summary>
internal static class EnrollCommand
{
    private const string TokenVariable = "BACKUP_AGENT_TOKEN";

    internal static Command Create()
    {
        var server = new Option<System.Uri>("--server")
        {
            Description = "The server's address, for example https://backup.example.com:8081.",
            Required = true,
            CustomParser = AgentOptions.ParseAddress,
        };
        var token = new Option<string?>("--token") { Description = "The token; visible to other users of this host." };
        var tokenFile = new Option<string?>("--token-file")
        {
            Description = $"A file with the token (or {TokenVariable}).",
        };
        var force = new Option<bool>("--force") { Description = "Enrol anew although there is an identity." };
        var command = new Command("enroll", "Make this host known to a server, with a token from there.")
        {
            server,
            token,
            tokenFile,
            force,
        };
        command.SetAction(
            (parsed, cancellation) =>
                AgentOptions.GuardAsync(
                    parsed,
                    async log =>
                    {
                        var folder = AgentOptions.Folder(parsed);
                        if (AgentIdentity.Exists(folder) && !parsed.GetValue(force))
                        {
                            throw AgentErrors.Enrolled(folder);
                        }

                        var text = TokenOf(parsed.GetValue(token), parsed.GetValue(tokenFile));
                        var address = AgentOptions.RequireHttps(parsed.GetRequiredValue(server));
                        var identity = await Enroller.EnrolAsync(address, text, AgentCommands.Version, cancellation);
                        identity.Save(folder);
                        log.Info("enrolled", message: identity.ToString());
                        return AgentExitCodes.Ok;
                    }
                )
        );
        return command;
    }

    private static string TokenOf(string? given, string? file)
    {
        if (file is not null)
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw AgentErrors.Damaged(file, failure);
            }
        }

        return given ?? Environment.GetEnvironmentVariable(TokenVariable) ?? throw AgentErrors.NoToken();
    }
}
