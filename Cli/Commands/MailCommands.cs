using System.CommandLine;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup alerts mail</c>: the server that mails are handed to.</summary>
internal static class MailCommands
{
    internal static Command Create() =>
        new("mail", "The server that mails are handed to: show, set")
        {
            SharedOptions.Command(
                "show",
                "Show it; never its password",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.MailServerAsync(cancellation),
                        static found =>
                        {
                            if (found.Server is { } server)
                            {
                                Print(server);
                            }
                            else
                            {
                                Console.Out.WriteLine("There is no mail server: backup alerts mail set");
                            }
                        },
                        cancellation
                    )
            ),
            Set(),
        };

    private static Command Set()
    {
        var port = new Option<int?>("--port") { Description = "587 unless given", HelpName = "PORT" };
        var from = new Option<string>("--from")
        {
            Description = "The sender's address",
            HelpName = "ADDRESS",
            Required = true,
        };
        var user = new Option<string?>("--user")
        {
            Description = "Who logs in; the password is asked for, or is the first line of the input",
            HelpName = "NAME",
        };
        var authority = new Option<string?>("--mail-ca-file")
        {
            Description =
                "Certificates (PEM) that vouch for the mail server; without it those that the appliance's host trusts",
            HelpName = "FILE",
        };
        var plain = new Option<bool>("--no-tls")
        {
            Description = "Without encryption; only without a log-in, or on this host",
        };
        return SharedOptions.Command(
            "set",
            "Name it",
            new Argument<string>("HOST") { Description = "Name or address" },
            [port, from, user, authority, plain],
            (parsed, choice, host, json, cancellation) =>
            {
                var name = parsed.GetValue(user);
                var request = new MailServerRequest(
                    host,
                    parsed.GetValue(port),
                    !parsed.GetValue(plain),
                    parsed.GetRequiredValue(from),
                    name,
                    name is null ? null : PasswordInput.Read(name),
                    FileInput.Read(parsed.GetValue(authority))
                );
                return Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.SetMailServerAsync(request, cancellation),
                    Print,
                    cancellation
                );
            }
        );
    }

    private static void Print(MailServerView server) =>
        Console.Out.WriteLine(
            $"{server.Host}:{server.Port}  {(server.Tls ? "STARTTLS" : "not encrypted")}  from {server.From}  {(server.User is { } user ? $"as {user}" : "without a log-in")}"
        );
}
