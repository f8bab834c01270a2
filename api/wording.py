"""The service's own words: written in French in the code, with their English here.

A typed dictionary rather than gettext catalogs: a sentence without English fails a test, and nothing is
compiled or unpickled when the service starts.
"""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from collections.abc import Mapping

from earlywarn.domain import Language


def translate(french: str, language: Language, **values: object) -> str:
    """Return a sentence in a language, its named places filled in.

    A sentence that is not the service's own (a room's refusal) is returned as it is.

    >>> translate("{n} élèves", "en", n=3)
    '3 students'
    """
    text = ENGLISH.get(french, french) if language == "en" else french
    return text.format(**values) if values else text


ENGLISH: Mapping[str, str] = {
    # Chances, dates and ages
    "aujourd’hui": "today",
    "il y a 1 jour": "1 day ago",
    "il y a {n} jours": "{n} days ago",
    "du jour": "of the same day",
    "de la veille": "of the day before",
    "d’il y a {n} jours": "{n} days old",
    # What every score carries
    "Aide à la décision : ce risque estimé attire l’attention, il ne décide rien. Une personne décide, avec ce qu’elle sait de l’élève.": "Help to decide: this estimated risk draws attention, it decides nothing. A person decides, with what they know of the student.",
    "Pour corriger une donnée ou présenter des observations, adressez-vous à la direction de l’école ou à la personne responsable de la protection des renseignements personnels.": "To correct a record or submit observations, turn to the school’s principal or to the person in charge of the protection of personal information.",
    "Pour corriger une donnée ou présenter des observations : {contact}": "To correct a record or submit observations: {contact}",
    # Every page
    "Aller au contenu": "Skip to content",
    "aide à la décision": "help to decide",
    "Navigation": "Navigation",
    "Mes élèves": "My students",
    "Mon école": "My school",
    "Se déconnecter": "Sign out",
    "Revenir à l’accueil": "Back to the start",
    # Sign-in
    "Connexion de démonstration": "Demonstration sign-in",
    "Le réseau, les écoles et les élèves montrés ici sont inventés. Choisissez la personne dont vous voulez voir la page.": "The network, schools and students shown here are invented. Choose the person whose page you want to see.",
    "Cette connexion sans mot de passe n’existe que sur l’ordinateur même (adresse de bouclage).": "This sign-in without a password exists only on the computer itself (loopback address).",
    "Une enseignante": "A teacher",
    "Voit les élèves de ses propres groupes qui figurent sur une liste.": "Sees the students of her own groups who are on a roster.",
    "Une direction d’école": "A principal",
    "Voit les listes de son école, par niveau.": "Sees the rosters of the school, by grade.",
    "Un système appelant": "A calling system",
    "N’a pas de page : interroge le service avec une clé.": "Has no page: asks the service with a key.",
    "Système appelant": "Calling system",
    "Un système n’a pas de page : il pose ses questions avec sa clé, affichée par la commande qui l’a créée.": "A system has no page: it asks with its key, shown by the command that made it.",
    "Les listes d’une école :": "The rosters of a school:",
    "Un élève :": "A student:",
    "Revenir au choix des comptes": "Back to the accounts",
    # Students
    "N’est pas sur une liste pour ce motif.": "Not on a roster for this outcome.",
    "Sur quoi on peut agir": "What can be acted on",
    "Contexte": "Context",
    "Ce qui va dans l’autre sens": "What points the other way",
    "Aucune donnée de cet élève ne se détache : rien à signaler en particulier.": "No record of this student stands out: nothing in particular to show.",
    "Aucun risque n’a été estimé pour cet élève.": "No risk was estimated for this student.",
    "Situation au {day} · données {age} · modèle {version}": "As of {day} · records {age} · model {version}",
    # How to read
    "Comment lire cette page": "How to read this page",
    "Ce que dit le risque estimé": "What the estimated risk says",
    "« Environ 1 sur 4 » veut dire que, parmi des élèves dont les données se ressemblent, environ un sur quatre a connu cette situation par le passé ; les trois autres, non.": "“About 1 in 4” means that, among students with similar records, about one in four met this outcome in the past; the other three did not.",
    "fourchette inconnue": "range unknown",
    "Ce que dit la fourchette entre parenthèses": "What the range in parentheses says",
    "« Entre 1 sur 5 et 1 sur 3 » dit de combien ce chiffre peut s’écarter de la réalité : parmi les élèves des années passées dont le score était semblable, la part de ceux qui ont connu cette situation se situe entre ces deux bornes. La fourchette est large quand ces élèves sont peu nombreux. Elle ne dit rien de ce qui a changé depuis, ni de ce que les dossiers ne montrent pas.": "“Between 1 in 5 and 1 in 3” says how far this figure may be off: the share of past students with a similar score who met this outcome lies between these two bounds. The range is wide where such students are few. It says nothing of what has changed since, or of what the records do not show.",
    "Ce que disent les raisons": "What the reasons say",
    "Ce sont des constats tirés des dossiers, avec leur période et leur comparaison. Ce ne sont pas des causes, et elles ne disent pas quoi faire.": "They are findings from the records, with their period and comparison. They are not causes, and they do not say what to do.",
    "Qui décide": "Who decides",
    "Vous. Cet outil d’aide à la décision attire l’attention ; il ne décide rien et ne remplace pas ce que vous savez de l’élève.": "You do. This tool draws attention; it decides nothing and does not replace what you know of the student.",
    "Corriger ou contester": "Correct or contest",
    # Students' pages
    "Élève": "Student",
    "Élève {id}": "Student {id}",
    "{n} élève": "{n} student",
    "{n} élèves": "{n} students",
    "{n} élève sur {whole}": "{n} of {whole} students",
    "{n} élèves sur {whole}": "{n} of {whole} students",
    "Situation au {day}, d’après les données connues au {data_day} ({age}).": "As of {day}, from the records known on {data_day} ({age}).",
    "Un élève de vos groupes figure sur une liste : à regarder maintenant, avec ce que vous en savez.": "One student of your groups is on a roster: to look at now, with what you know.",
    "{n} élèves de vos groupes figurent sur une liste : à regarder maintenant, avec ce que vous en savez.": "{n} students of your groups are on a roster: to look at now, with what you know.",
    "Aucun élève de vos groupes ne figure sur une liste en ce moment.": "No student of your groups is on a roster at the moment.",
    "Les élèves à regarder maintenant, par niveau et par ordre alphabétique : autant que l’école peut en aider.": "The students to look at now, by grade and in alphabetical order: as many as the school can help.",
    "Part des élèves d’une telle liste qui ont connu cette situation par le passé : {chance}.": "Share of the students on such a roster who met this outcome in the past: {chance}.",
    "Risque non estimé : {why}.": "Risk not estimated: {why}.",
    "trop peu de données pour estimer un risque": "too little data to estimate a risk",
    "Liste par règles, sans risque chiffré.": "List by rules, no risk in figures.",
    "sans risque chiffré": "no risk in figures",
    "1 élève n’a pas été pris en compte : {why}.": "1 student was not scored: {why}.",
    "{n} élèves n’ont pas été pris en compte : {why}.": "{n} students were not scored: {why}.",
    "Ce que dit une liste par règles": "What a list by rules says",
    "On y trouve les élèves qui répondent au plus grand nombre de règles, parmi celles que les écoles appliquent déjà. La liste n’apprend rien des années passées : personne ne peut dire combien d’entre eux connaîtront cette situation.": "It holds the students who meet the most rules, of those that schools use already. The list learns nothing from past years: nobody can say how many of them will meet this outcome.",
    "Niveaux": "Grades",
    "Risque estimé": "Estimated risk",
    "Ce que montrent les dossiers": "What the records show",
    "Rien ne se détache en particulier.": "Nothing stands out in particular.",
    "Personne sur cette liste.": "Nobody on this roster.",
    "L’élève": "The student",
    "Juste avant, sur la même durée": "Just before, over as long",
    "Médiane du groupe (école et niveau)": "Median of the group (school and grade)",
    # Data quality
    "Mes écoles": "My schools",
    "qualité des données": "data quality",
    "Ce que chaque école a à régler dans ses données, les écoles qui en ont le plus d’abord.": "What each school has to settle in its records, those with most first.",
    "Aucun point à régler n’a été trouvé dans les données de l’école.": "Nothing to settle was found in the school’s records.",
    "Un point à régler dans les données de l’école avant de se fier à une liste.": "One thing to settle in the school’s records before trusting a list.",
    "{n} points à régler dans les données de l’école avant de se fier à une liste.": "{n} things to settle in the school’s records before trusting a list.",
    "Situation au {day}.": "As of {day}.",
    # Problems
    "Nom d’hôte inconnu": "Unknown host name",
    "Requête illisible": "Unreadable request",
    "Clé d’accès absente ou refusée": "Access key missing or refused",
    "Demande refusée": "Request refused",
    "Introuvable": "Not found",
    "Méthode non permise": "Method not allowed",
    "Requête trop lente": "Request too slow",
    "Demande déjà en cours": "Request already in progress",
    "Forme de contenu non prise en charge": "Form of content not supported",
    "Trop de demandes à la fois": "Too many requests at once",
    "Ce compte n’a pas le droit d’écrire dans les tables.": "This account has no right to write tables.",
    "Seul le paramètre accept_drift est admis : la date de réception est celle du service.": "Only the parameter accept_drift is taken: the day received is the service’s.",
    "La première demande portant cette clé est encore en cours.": "The first request with this key is still in progress.",
    "Cette clé a déjà servi pour un autre contenu.": "This key has served for another content already.",
    "Trop d’envois de ce compte sont en cours.": "Too many bodies of this account are being received.",
    "Le contenu doit être en text/csv ou en application/x-ndjson, en UTF-8, sans compression.": "The content must be text/csv or application/x-ndjson, in UTF-8, not compressed.",
    "L’en-tête Idempotency-Key est requis : un texte de 1 à 200 caractères entre guillemets droits.": "The header Idempotency-Key is needed: a text of 1 to 200 characters in double quotes.",
    "Une ligne du contenu dépasse un mébioctet.": "A line of the content is longer than one mebibyte.",
    "Corps de requête trop volumineux": "Request body too large",
    "Contenu non conforme": "Malformed content",
    "Erreur interne": "Internal error",
    "Service momentanément indisponible": "Service unavailable for the moment",
    "Aucun modèle publié, ou un modèle n’a pas passé la vérification de ce processus.": "No published model, or one has not passed this process’s check.",
    "Ce formulaire ne vient pas de cette page, ou a expiré. Rechargez la page et recommencez.": "This form does not come from this page, or has expired. Reload the page and start again.",
    "La connexion de démonstration n’est offerte que sur l’adresse de bouclage de l’ordinateur même.": "The demonstration sign-in is offered only on the computer’s own loopback address.",
    "Connectez-vous pour voir cette page.": "Sign in to see this page.",
    "Connexion requise": "Sign-in needed",
}
