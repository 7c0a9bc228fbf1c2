using System.CommandLine;
using Backup.Cli.Api;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup keys</c> and <c>backup certificates</c>: what agents prove themselves with.</summary>
internal static class CredentialCommands
{
    internal static Command Keys() =>
        new("keys", "API keys of agents: list, revoke, rotate")
        {
            SharedOptions.Command(
                "list",
                "List every key with its state and its last use",
                async (choice, json, cancellation) =>
                    Print(
                        await AskAsync(choice, client => client.KeysAsync(cancellation), cancellation),
                        json,
                        keys => keys.ForEach(Print)
                    )
            ),
            SharedOptions.Command(
                "revoke",
                "End a key at once; its agent is refused until it is enrolled again",
                KeyId(),
                async (choice, key, json, cancellation) =>
                    Print(
                        await AskAsync(choice, client => client.RevokeKeyAsync(key, cancellation), cancellation),
                        json,
                        Print
                    )
            ),
            SharedOptions.Command(
                "rotate",
                "Ask the key's agent to replace it; the old one ends when the agent has stored the new one",
                KeyId(),
                async (choice, key, json, cancellation) =>
                    Print(
                        await AskAsync(choice, client => client.RotateKeyAsync(key, cancellation), cancellation),
                        json,
                        Print
                    )
            ),
        };

    internal static Command Certificates() =>
        new("certificates", "Client certificates of agents: list, revoke")
        {
            SharedOptions.Command(
                "list",
                "List every certificate with its state and its end",
                async (choice, json, cancellation) =>
                    Print(
                        await AskAsync(choice, client => client.CertificatesAsync(cancellation), cancellation),
                        json,
                        all => all.ForEach(Print)
                    )
            ),
            SharedOptions.Command(
                "revoke",
                "End a certificate at once",
                new Argument<string>("CERTIFICATE") { Description = "Its id, as 'backup certificates list' shows it" },
                async (choice, id, json, cancellation) =>
                    Print(
                        await AskAsync(choice, client => client.RevokeCertificateAsync(id, cancellation), cancellation),
                        json,
                        Print
                    )
            ),
        };

    private static Argument<string> KeyId() =>
        new("KEY") { Description = "The key's id, as 'backup keys list' shows it" };

    private static async Task<T> AskAsync<T>(
        ApplianceChoice choice,
        Func<ApiClient, Task<T>> ask,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        return await ask(appliance.Api);
    }

    private static int Print<T>(T answer, bool json, Action<T> print)
    {
        if (json)
        {
            Printer.Json(answer);
        }
        else
        {
            print(answer);
        }

        return ExitCodes.Ok;
    }

    private static void Print(KeyView key)
    {
        var used = key.LastUsedAt is { } at ? $"last used {at:u}" : "not used yet";
        var wanted = key.RotationWanted ? ", to be replaced" : "";
        Console.Out.WriteLine(
            $"{key.Id}  {key.State}{wanted}  {key.Group}/{key.HostName}  made {key.CreatedAt:u}, {used}"
        );
    }

    private static void Print(CertificateView certificate) =>
        Console.Out.WriteLine(
            $"{certificate.Id}  {certificate.State}  {certificate.HostName}  until {certificate.ExpiresAt:u}"
        );
}
